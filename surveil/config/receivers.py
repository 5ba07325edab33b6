"""Who is told about alerts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, create_model, model_validator

from surveil.durations import Duration
from surveil.notify.registry import BY_NAME, KINDS
from surveil.settings import Section, fault

REFUSED = frozenset({"exec", "command", "shell", "script"})
"""Kinds that others have: what a rule's text or a camera's name says must never be run."""


WAIT_S = 10.0
INTERVAL_S = 60.0

_GROUPED = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")


class OneReceiver(Section):
    """One way to tell somebody; exactly one of the kinds."""

    group_by: Annotated[tuple[str, ...], Field(max_length=5)] | None = None
    """Tell alerts in one message where these are equal: rule, camera, key or a label's name; [] for
    all in one. Default: each alone."""

    wait: Annotated[Duration, Field(le=3600)] | None = None
    """With group_by: how long the first alert of a group waits for others. Default: 10s."""

    interval: Annotated[Duration, Field(le=86400)] | None = None
    """With group_by: at least so long between two messages of a group. Default: 1m."""

    repeat_every: Annotated[Duration, Field(ge=60)] | None = None
    """Tell an alert that fires still again after this, unless it is acknowledged or silenced."""

    send_resolved: bool = True
    """Tell the end of an alert to whom its beginning was told."""

    @model_validator(mode="before")
    @classmethod
    def _accept_bare_kind(cls, value: Any) -> Any:
        """Read ``log:`` without options like ``log: {}``."""
        if not isinstance(value, dict):
            return value
        if not REFUSED.isdisjoint(value):
            raise fault(
                "{name}: refused on purpose, an alert starts no program on this host; let a webhook"
                " reach a service of yours that does (docs/receivers.md)",
                name=next(iter(REFUSED & value.keys())),
            )
        named = [name for name in value if name in BY_NAME]
        if len(named) == 1 and value[named[0]] is None:
            return {**value, named[0]: {}}
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if sum(getattr(self, name) is not None for name in BY_NAME) != 1:
            raise fault("needs exactly one of {names}", names=", ".join(BY_NAME))
        if self.group_by is None and (self.wait is not None or self.interval is not None):
            raise fault("wait and interval go with group_by")
        for name in self.group_by or ():
            if not _GROUPED.fullmatch(name):
                raise fault("group_by: rule, camera, key or the name of a label")
        return self

    @property
    def kind(self) -> str:
        """Its name in the registry of receivers."""
        return next(name for name in BY_NAME if getattr(self, name) is not None)

    @property
    def settings(self) -> Any:
        """An instance of its kind's settings."""
        return getattr(self, self.kind)

    @property
    def wait_s(self) -> float:
        """How long the first alert of a group waits for others."""
        return WAIT_S if self.wait is None else self.wait

    @property
    def interval_s(self) -> float:
        """How long after a message of a group the next one may follow."""
        return INTERVAL_S if self.interval is None else self.interval


if TYPE_CHECKING:
    Receiver = OneReceiver
else:
    # One optional key for each kind, so that errors, hints and the schema know them all.
    Receiver = create_model(
        "Receiver",
        __base__=OneReceiver,
        __doc__=OneReceiver.__doc__,
        **{
            kind.name: (kind.settings | None, Field(default=None, description=kind.help))
            for kind in KINDS
        },
    )
