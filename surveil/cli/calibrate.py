"""``surveil calibrate``: a model's scores made honest on a site's own faces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from surveil.cli.class_names import with_class_names
from surveil.cli.saying import say

if TYPE_CHECKING:
    from surveil.training.data.class_names import ClassNames
    from surveil.training.measure.site_calibration import SiteCalibration


@click.command()
@click.argument("model")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="The site's labelled faces: what 'surveil dataset import' or 'surveil dataset label' "
    "wrote, or class folders.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the calibrated model, the same weights under another name, which a fleet's model "
    "may be.",
)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="For its cache."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@with_class_names
def command(
    model: str, data: Path, out: Path | None, runs: Path, as_json: bool, names: ClassNames
) -> None:
    """Fit temperature and thresholds of MODEL to a site's faces, without touching its weights.

    Says what it gives on faces that it was not fitted to, and whether there are too few.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    from surveil.classify.networks import read_model
    from surveil.models import find_model
    from surveil.training.data.face_finder import face_detector
    from surveil.training.ship.calibrate import calibrate, write_calibrated

    stored = read_model(find_model(model))
    fitted = calibrate(stored, data, runs / "cache", face_detector, names)
    if as_json:
        click.echo(json.dumps(asdict(fitted.found), indent=1))
    else:
        _show(fitted.found)
    for remark in (*fitted.found.remarks, *fitted.material.warnings):
        say(f"Note: {remark}", err=True)
    if out is not None:
        say(f"written to {write_calibrated(fitted, out)}", err=as_json)


def _show(found: SiteCalibration) -> None:
    low, high = found.interval
    people = f" of {found.people} people" if found.people else ""
    say(f"{found.faces} faces{people}, {found.accuracy:.1%} right, which stays as it is")
    say(
        f"temperature {found.before.temperature:.3f} -> {found.after.temperature:.3f} "
        f"(95%: {low:.3f} to {high:.3f})"
    )
    say(
        f"on faces not fitted to: ECE {found.ece_before:.1%} -> {found.ece_after:.1%} (honest "
        f"scores show up to {found.ece_by_chance:.1%} by chance), "
        f"log-loss {found.log_loss_before:.3f} -> {found.log_loss_after:.3f}"
    )
    for row in found.thresholds:
        if row.confidence is None:
            say(f"{row.precision:.0%} right: at no confidence")
            continue
        seen = "none answered of those not fitted to"
        if row.right is not None:
            seen = (
                f"of those not fitted to {row.answered} answered, {row.right:.1%} right "
                f"({row.interval[0]:.1%} to {row.interval[1]:.1%})"
            )
        say(
            f"{row.precision:.0%} right: min_confidence {row.confidence:.3f}, answers for "
            f"{row.coverage:.1%}; {seen}"
        )
