"""``/api/v1/silences``: alerts that nobody is told of for a time."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field, StringConstraints

from surveil.durations import parse_duration
from surveil.store.reading import SilenceRow, load_silences
from surveil.web import acting
from surveil.web.api.routing import Glob, RowKey, Words, make_router
from surveil.web.problems import BadRequestError
from surveil.web.wiring import Looks, Reads, Shared

router = make_router("silences")
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class SilenceIn(BaseModel):
    """Which alerts, for how long, and why; patterns as in rules, all of which must match."""

    rule: Glob = Field("*", examples=["crowd-*"])
    camera: Glob = Field("*", examples=["lobby"])
    labels: dict[LabelName, Glob] = Field({}, max_length=20, examples=[{"severity": "warning"}])
    for_: str = Field(alias="for", max_length=20, examples=["2h"])
    comment: Words = Field(min_length=1, examples=["the lens is being cleaned"])


class SilenceId(BaseModel):
    """A silence that was made."""

    id: str = Field(examples=["01JNXB4Q0Z8W3V7K2T5M6R9ACD"])


@router.get("/silences")
def list_all(reads: Reads) -> list[SilenceRow]:
    """Return the silences that have not ended, those that end last first.

    Whoever may not see all cameras sees those that name one of theirs.
    """
    return load_silences(reads.connection, reads.scope, reads.site.now())


@router.post("/silences", status_code=HTTPStatus.CREATED)
def add(site: Shared, viewer: Looks, body: SilenceIn) -> SilenceId:
    """Tell nobody of some alerts from now on; they are written down all the same. For operators."""
    try:
        length_s = parse_duration(body.for_)
    except ValueError as error:
        raise BadRequestError(f"for: {error}") from None
    id_ = acting.silence(
        site,
        viewer,
        rule=body.rule,
        camera=body.camera,
        labels=body.labels,
        length_s=length_s,
        comment=body.comment,
    )
    return SilenceId(id=id_)


@router.delete("/silences/{silence_id}", status_code=HTTPStatus.NO_CONTENT)
def expire(
    site: Shared,
    viewer: Looks,
    silence_id: Annotated[RowKey, Path(examples=["01JNXB4Q0Z8W3V7K2T5M6R9ACD"])],
) -> None:
    """End a silence now. For operators."""
    acting.expire(site, viewer, silence_id)
