"""What may be told and shown of a camera's people, as it stands in YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from surveil.durations import Duration
from surveil.policy import FORBIDDEN_AREAS, INDIVIDUAL, Area, LiveView, Mode, Policy
from surveil.rules.template import check_text
from surveil.settings import Section, fault

Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(check_text),
]


LAW = "Article 5(1)(f) of the EU AI Act, Regulation (EU) 2024/1689"


class AreaException(Section):
    """Why emotions may be inferred where the law forbids it but for medical or safety reasons."""

    kind: Literal["medical", "safety"]
    """The reason."""

    approver: Words
    """Who has decided that it holds: a name or an office."""

    document: Words
    """Where the decision is written down."""


class Privacy(Section):
    """What may be told and shown of people; docs/privacy.md says what each protects."""

    purpose: Words | None = None
    """What the camera's timelines are for, in words for those who are seen."""

    area: Area | None = None
    """public, workplace, education, medical or private; at work and in education emotions are
    inferred only with an exception."""

    exception: AreaException | None = None
    """For workplace and education: {kind: medical | safety, approver: WHO, document: WHICH}."""

    retention: Annotated[Duration | None, Field(ge=86400, le=36_500 * 86400)] = None
    """How long intervals and faces are kept, such as 30d; retention.days where it is not said, and
    the shorter of both where it is."""

    mode: Mode = Mode.INDIVIDUAL
    """individual tells of each face; aggregate of groups alone: how many showed what, and never of
    one face or track."""

    min_group: Annotated[int, Field(ge=2, le=1000)] = 5
    """With mode aggregate: people who must be there at once; of fewer nothing is told."""

    live_view: LiveView = LiveView.OFF
    """What the dashboard shows of the picture: off, blurred (faces made unrecognisable) or
    clear."""

    @model_validator(mode="after")
    def _check_area(self) -> Self:
        if self.area in FORBIDDEN_AREAS and self.exception is None:
            raise fault(
                "area: {area}: "
                f"{LAW}, forbids to infer emotions of people"
                " at work and in education, unless for medical or safety reasons; where one holds:"
                " exception: {{kind: medical, approver: WHO, document: WHICH}}, or kind: safety",
                area=self.area,
            )
        return self

    @model_validator(mode="after")
    def _check_view(self) -> Self:
        if self.mode is Mode.AGGREGATE and self.live_view is not LiveView.OFF:
            raise fault(
                "mode: aggregate has no live view, which shows single people even where their faces"
                " are blurred: live_view: off"
            )
        return self

    def keeps_days(self, fleet_days: int | None) -> int | None:
        """Return for how many days raw rows are kept, given what the fleet says."""
        own = None if self.retention is None else int(self.retention // 86400)
        days = [one for one in (own, fleet_days) if one is not None]
        return min(days, default=None)

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
