"""What somebody who helps needs to know of an installation: a zip without secrets or results.

No picture, no score and no count of faces is in it, and no name of a person.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import distributions

from surveil.config.schema import Fleet
from surveil.live.standing import Absent
from surveil.live.status import DaemonStatus
from surveil.redaction import redact

_README = """\
What `surveil` said of itself when this was downloaded.

status.json         how the daemon and its cameras stood, as GET /status tells it, without faces
configuration.json  the fleet file with its defaults; secrets are masked, as they are in logs
versions.json       Python, the system, and the libraries

There is no picture, no score, no row of results and no log in it. Names of cameras and addresses
of servers are: look at it before you send it to somebody.
"""


def make_bundle(fleet: Fleet, status: DaemonStatus | None, absent: Absent | None) -> bytes:
    """Return the zip.

    Args:
        fleet: The configuration, without cameras' credentials.
        status: How the daemon stands; None where none answers.
        absent: Why it does not.
    """
    files = {
        "README.txt": _README,
        "status.json": _status(status, absent),
        "configuration.json": _configuration(fleet),
        "versions.json": _versions(),
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"surveil-support/{name}", redact(text))
    return sink.getvalue()


def _status(status: DaemonStatus | None, absent: Absent | None) -> str:
    if status is None:
        return json.dumps({"not running": absent.why if absent is not None else ""}, indent=1)
    cameras = tuple(replace(one, faces=None) for one in status.cameras)
    told = json.loads(replace(status, cameras=cameras).to_json())
    return json.dumps(told, indent=1, ensure_ascii=False)


def _configuration(fleet: Fleet) -> str:
    return json.dumps(fleet.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)


def _versions() -> str:
    told = {
        "python": sys.version,
        "system": platform.platform(),
        "libraries": dict(sorted((one.name, one.version) for one in distributions())),
    }
    return json.dumps(told, indent=1)
