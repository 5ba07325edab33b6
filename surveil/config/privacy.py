"""What may be told and shown of a camera's people, as it stands in YAML."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from surveil.policy import INDIVIDUAL, LiveView, Mode, Policy
from surveil.settings import Section, fault


class Privacy(Section):
    """What may be told and shown of people; docs/privacy.md says what each protects."""

    mode: Mode = Mode.INDIVIDUAL
    """individual tells of each face; aggregate of groups alone: how many showed what, and never of
    one face or track."""

    min_group: Annotated[int, Field(ge=2, le=1000)] = 5
    """With mode aggregate: people who must be there at once; of fewer nothing is told."""

    live_view: LiveView = LiveView.OFF
    """What the dashboard shows of the picture: off, blurred (faces made unrecognisable) or
    clear."""

    @model_validator(mode="after")
    def _check_view(self) -> Self:
        if self.mode is Mode.AGGREGATE and self.live_view is not LiveView.OFF:
            raise fault(
                "mode: aggregate has no live view, which shows single people even where their faces"
                " are blurred: live_view: off"
            )
        return self

    @property
    def policy(self) -> Policy:
        """What may leave the inference process."""
        if self.mode is Mode.INDIVIDUAL:
            return INDIVIDUAL
        return Policy(keeps_tracks=False, min_group=self.min_group)


def merge_privacy(camera: Any, shared: dict[str, Any]) -> Any:
    """Give a camera what the fleet says of privacy, key by key, where it says nothing itself."""
    if not isinstance(camera, dict) or not shared:
        return camera
    own = camera.get("privacy", {})
    if not isinstance(own, dict | Section):
        return camera  # told of where it stands
    return {**camera, "privacy": {**shared, **given(own)}}


def given(section: Any) -> dict[str, Any]:
    """Return the keys that a section was given, as it stands in a file or as a model."""
    if isinstance(section, Section):
        return {name: getattr(section, name) for name in section.model_fields_set}
    return section if isinstance(section, dict) else {}
