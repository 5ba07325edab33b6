"""The process that opens one camera for ``surveil check --probe``.

Started as ``python -P -m surveil.workers.probe_process``. Reads how to open the camera, in JSON and
with its password in the clear, from stdin; writes a line once it begins, and the report as a second
one, in JSON. A capture session interrupts the sockets of its process, so each camera has its own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any

from surveil.domain import Reason
from surveil.secrets import Secret
from surveil.sources.ceiling import MemoryCeiling
from surveil.sources.options import SourceOptions
from surveil.sources.probe import ProbeReport, probe


def write_options(options: SourceOptions) -> str:
    """Return JSON with the password in the clear, for the pipe to the process."""
    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    if options.password is not None:
        values["password"] = options.password.reveal()
    return json.dumps(values)


def read_options(text: str) -> SourceOptions:
    """Return what :func:`write_options` wrote."""
    values: dict[str, Any] = json.loads(text)
    if values["password"] is not None:
        values["password"] = Secret(values["password"])
    return SourceOptions(**values)


def write_report(report: ProbeReport) -> str:
    """Return one line of JSON."""
    return json.dumps(dataclasses.asdict(report))


def read_report(text: str) -> ProbeReport:
    """Return what :func:`write_report` wrote.

    Raises:
        ValueError: It is cut short, or something else.
    """
    try:
        values = json.loads(text)
        return ProbeReport(**{**values, "reason": Reason(values["reason"])})
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("not a report") from error


def main() -> None:
    """Probe one camera."""
    options = read_options(sys.stdin.read())
    MemoryCeiling(options.max_memory_bytes).enforce()
    print("begun", flush=True)  # noqa: T201  (the protocol)
    print(write_report(probe(options)), flush=True)  # noqa: T201
    # No interpreter shutdown: a decoder that is stuck must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
