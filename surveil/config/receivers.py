"""Who is told about alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, create_model, model_validator

from surveil.notify.registry import BY_NAME, KINDS
from surveil.settings import Section, fault

REFUSED = frozenset({"exec", "command", "shell", "script"})
"""Kinds that others have: what a rule's text or a camera's name says must never be run."""


class OneReceiver(Section):
    """One way to tell somebody; exactly one of the kinds."""

    @model_validator(mode="before")
    @classmethod
    def _accept_bare_kind(cls, value: Any) -> Any:
        """Read ``log:`` without options like ``log: {}``."""
        if isinstance(value, dict) and not REFUSED.isdisjoint(value):
            raise fault(
                "{name}: refused on purpose, an alert starts no program on this host; let a webhook"
                " reach a service of yours that does (docs/receivers.md)",
                name=next(iter(REFUSED & value.keys())),
            )
        if isinstance(value, dict) and len(value) == 1:
            ((kind, options),) = value.items()
            return {kind: {} if options is None else options}
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(getattr(self, name) is not None for name in BY_NAME) != 1:
            raise fault("needs exactly one of {names}", names=", ".join(BY_NAME))
        return self

    @property
    def kind(self) -> str:
        """Its name in the registry of receivers."""
        return next(name for name in BY_NAME if getattr(self, name) is not None)

    @property
    def settings(self) -> Any:
        """An instance of its kind's settings."""
        return getattr(self, self.kind)


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
