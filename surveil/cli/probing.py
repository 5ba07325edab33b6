"""What ``surveil check --probe`` shows of a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from surveil.redaction import redact

if TYPE_CHECKING:
    from surveil.sources.probe import ProbeReport


def report_json(report: ProbeReport) -> dict[str, Any]:
    """Return plain values, without credentials; ``fps`` is what came, else what was announced."""
    return {
        "codec": report.codec,
        "width": report.width,
        "height": report.height,
        "fps": report.measured_fps or report.announced_fps,
        "time_to_first_frame_s": report.time_to_first_frame_s,
        "reason": str(report.reason),
        "detail": redact(report.detail),
    }


def report_cells(report: ProbeReport) -> list[str]:
    """Return codec, size, rate, time to the first picture and what went wrong, as text."""
    fps = report.measured_fps or report.announced_fps
    wait_s = report.time_to_first_frame_s
    fault = f"{report.reason}: {redact(report.detail)}" if report.detail else str(report.reason)
    return [
        report.codec or "-",
        f"{report.width}x{report.height}" if report.width and report.height else "-",
        f"{fps:.3g} fps" if fps else "-",
        f"{wait_s:.2f} s" if wait_s is not None else "-",
        "live" if report.is_ok else fault,
    ]
