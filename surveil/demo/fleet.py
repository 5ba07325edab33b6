"""The fleet of ``surveil demo``, written out as a file that its user can read and run again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from surveil.errors import ConfigError
from surveil.secrets import Secret
from surveil.workers.host.datadir import DataDirLock

USERNAME = "demo"
HAPPY_RULE, BLIND_RULE = "happy-visitor", "camera-blind"
_FLEET, _DATA, _PASSWORD = "fleet.yaml", "data", "camera-password"

_HEAD = """\
# Written by `surveil demo`; change it as you like.{again}
version: 1
data_dir: {data}            # Redis's files, spools and surveil.db, beside this file
http: {{port: 0}}           # metrics, /livez and /readyz; 0 takes a free port
web: {{port: {port}}}        # dashboard
model: {model}

defaults:
  sample_fps: 5           # frames that are analysed per second
  min_face_px: 40

cameras:
"""

_RULES = """
rules:
  - name: {happy}
    by: camera
    when:
      share: {{emotion: happy, over: 3s}}
      above: 0.5
      clear_below: 0.3
    for: 1s
    no_data: resolve      # nobody there: the alert ends
    labels: {{severity: info}}
    annotations: {{summary: mostly classified as happy}}
    notify: [log]
  - name: {blind}
    by: camera
    when: {{health: camera, silent_for: 3s}}
    labels: {{severity: warning}}
    annotations: {{summary: nothing is seen}}
    notify: [log]

receivers:
  log: {{log: {{}}}}
"""


@dataclass(frozen=True)
class DemoFolder:
    """Where a demo keeps its files."""

    path: Path

    @property
    def fleet_file(self) -> Path:
        return self.path / _FLEET

    @property
    def data_dir(self) -> Path:
        return self.path / _DATA

    @property
    def password_file(self) -> Path:
        return self.path / _PASSWORD

    @property
    def log_file(self) -> Path:
        return self.path / "surveil.log"


def prepare_folder(path: Path) -> DemoFolder:
    """Make a demo's folder, without the data and password of an earlier demo in it.

    Raises:
        ConfigError: There is something else at that path, or it cannot be written.
        InUseError: An earlier demo's fleet is still being watched.
    """
    folder = DemoFolder(path.absolute())
    try:
        is_foreign = path.exists() and not folder.fleet_file.exists() and any(path.iterdir())
        if is_foreign:
            raise ConfigError(f"{path} holds something else than a demo; give another --keep")
        path.mkdir(parents=True, exist_ok=True)
        if folder.data_dir.exists():
            with DataDirLock(folder.data_dir):
                _empty(folder.data_dir)
        folder.password_file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give another --keep") from error
    return folder


@dataclass(frozen=True)
class DemoCamera:
    """A camera of the demo. Its password is in the folder's file, never in ``source``."""

    id: str
    source: str
    username: str | None = None


def make_password() -> Secret:
    """Return a password for the simulated cameras."""
    return Secret(secrets.token_urlsafe(12))


def write_password(folder: DemoFolder, password: Secret) -> None:
    """Write the cameras' password into its file, readable by its owner alone."""
    folder.password_file.touch(mode=0o600)
    folder.password_file.write_text(f"{password.reveal()}\n", encoding="utf-8")


def write_fleet(
    folder: DemoFolder,
    cameras: Sequence[DemoCamera],
    *,
    model: str,
    again: Sequence[str] = (),
    port: int = 0,
    is_seen: bool = False,
    is_looped: bool = False,
) -> None:
    """Write the fleet file.

    Args:
        folder: Where to.
        cameras: At least one.
        model: Name or path of the classifier.
        again: Commands that run the same fleet once more, for a comment.
        port: Of the dashboard.
        is_looped: Whether the cameras are files that begin again at their end.
        is_seen: Whether the dashboard shows the pictures, as they are.
    """
    comment = "".join(f"\n#   {line}" for line in again)
    text = _HEAD.format(
        again=f" To run it again:\n#{comment}" if again else "",
        data=_DATA,
        model=_quote(model),
        port=port,
    )
    for camera in cameras:
        text += f"  {camera.id}:\n    source: {_quote(camera.source)}\n"
        if camera.username is not None:
            text += f"    username: {_quote(camera.username)}\n"
            text += f"    password: ${{file:{_PASSWORD}}}\n"
        if is_looped:
            text += "    loop: true\n    realtime: true\n"
        if is_seen:
            text += "    privacy: {live_view: clear}\n"
    text += _RULES.format(happy=HAPPY_RULE, blind=BLIND_RULE)
    folder.fleet_file.write_text(text, encoding="utf-8")


def _quote(text: str) -> str:
    """Return a text in YAML that means itself, references included."""
    return json.dumps(text.replace("${", "$${"))


def _empty(folder: Path) -> None:
    """Remove what an earlier demo left, but for the lock that is being held."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if any(path.iterdir()):
                continue
            path.rmdir()
        elif path.name != "surveil.lock":
            path.unlink()
