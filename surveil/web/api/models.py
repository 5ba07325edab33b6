"""``/api/v1/models``: the comparison of models, and which of them the fleet uses."""

from __future__ import annotations

from pydantic import BaseModel, Field

from surveil.training.records.compare import COLUMNS, rows
from surveil.web.api.routing import make_router
from surveil.web.models import known_models, serving_model
from surveil.web.wiring import Looks, Shared

router = make_router("models")


class ModelsOut(BaseModel):
    """The rows of `surveil compare --json`, with what limits their comparison."""

    serving: str = Field(examples=["emotion-resnet18"])
    warnings: list[str]
    rows: list[dict[str, str | float | int | bool | None]]


@router.get("/models")
def list_all(site: Shared, viewer: Looks) -> ModelsOut:
    """Return the models that came with surveil, with their figures on each set of faces."""
    comparison = known_models()
    return ModelsOut(
        serving=serving_model(site.fleet),
        warnings=list(comparison.warnings),
        rows=[dict(zip(COLUMNS, row, strict=True)) for row in rows(comparison)],
    )
