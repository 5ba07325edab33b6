"""The files of a first fleet, as text with comments; pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from surveil.config.urls import read_source
from surveil.credentials import has_plain_secret, split_credentials
from surveil.errors import ConfigError
from surveil.secrets import Secret

FLEET, RULES, ENVIRONMENT = "fleet.yaml", "rules/first.yaml", ".env"

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NAMED = re.compile(r"([A-Za-z0-9_-]+)=((?:rtsps?|usb|file|udp|http|https|srt)\S*:.*)", re.DOTALL)

_FLEET = """\
# A fleet of surveil. `surveil check` says what is wrong with it, line by line; `surveil schema`
# writes a JSON Schema for editors. Secrets stand in {environment}, which no command reads unasked:
#
#   set -a; . ./{environment}; set +a     # in the shell that starts surveil
#
# or as EnvironmentFile= of a systemd unit, or as env_file: of a container.
version: 1
data_dir: var                 # everything surveil keeps on this host
redis: embedded               # or rediss://USER:PASSWORD@HOST/0, for several hosts
# database: postgresql+psycopg://…   # by default SQLite: surveil.db in data_dir

defaults:
  sample_fps: 5               # pictures a second that are analysed; expressions change slowly
  # min_face_px: 40           # smaller faces are not classified

# privacy:                    # docs/privacy.md; each camera may say otherwise
#   purpose: comfort of the queue
#   area: public              # at a workplace or in education the law forbids it but for exceptions
#   mode: aggregate           # tells of groups alone, never of one face
#   live_view: blurred        # or clear; by default nobody sees pictures

cameras:
{cameras}
rules: [rules/*.yaml]
receivers:
  ops: {receiver}
"""

_RULES = """\
# Alerts. Scores are calibrated probabilities of expressions, not of what people feel.
rules:
  - name: camera-blind
    by: camera                # one alert for each camera
    when: [{health: camera, silent_for: 15s}]
    annotations: {summary: "{{camera}} has not been seen for {{value|seconds}}"}
    notify: [ops]
  - name: much-anger
    by: camera
    when:
      - share: {emotion: angry, over: 30s, min_confidence: 0.5}
        above: 0.4
        clear_below: 0.3      # an alert that fires ends only below this
    for: 10s                  # true for so long before it fires
    annotations: {summary: "{{camera}}: {{value|percent}} angry"}
    notify: [ops]
"""


@dataclass(frozen=True)
class StarterCamera:
    """A camera of a first fleet; ``source`` has no credentials."""

    id: str
    source: str
    username: Secret | None = field(default=None, repr=False)
    password: Secret | None = field(default=None, repr=False)

    def variable(self, what: str) -> str:
        """Return the name of the variable that holds the user or the password."""
        return f"{self.id.upper().replace('-', '_')}_{what}"


def read_camera(text: str, taken: Sequence[StarterCamera] = (), *, name: str = "") -> StarterCamera:
    """Return the camera that ``rtsp://…`` or ``NAME=rtsp://…`` means.

    Args:
        text: As given; may hold a user and a password.
        taken: Cameras that there are already.
        name: Where it does not stand in the text.

    Raises:
        ConfigError: The name cannot be one, the address is none, or it holds a secret that cannot
            be moved out.
    """
    named = None if name else _NAMED.fullmatch(text.strip())
    name, url = (
        (named[1], named[2]) if named else (name or f"camera-{len(taken) + 1}", text.strip())
    )
    name = name.lower()
    if not _ID.fullmatch(name):
        raise ConfigError("--camera NAME=ADDRESS: a name has a-z, 0-9, - and _, 63 at most")
    try:
        read_source(url)
    except ConfigError as error:
        raise ConfigError(f"camera {name}: {error}") from None
    source, username, password = split_credentials(url)
    if has_plain_secret(source):
        raise ConfigError(
            f"the address of camera {name} has a password among its parameters: it cannot be moved"
            " into .env; leave it out here, and put ${env:NAME} in its place in fleet.yaml"
        )
    camera = StarterCamera(
        name,
        source,
        Secret(username) if username is not None else None,
        Secret(password) if password is not None else None,
    )
    clashing = {one.variable("") for one in taken}
    if camera.variable("") in clashing:
        raise ConfigError(f"two cameras are called {name}; give --camera NAME=ADDRESS")
    return camera


def write_files(
    cameras: Sequence[StarterCamera], webhook: Secret | None = None, key: Secret | None = None
) -> dict[str, str]:
    """Return the text of each file by its path.

    Args:
        cameras: At least one.
        webhook: Address to which alerts are posted; without one they go into the log.
        key: Signs what is posted.
    """
    blocks, variables = [], {}
    for camera in cameras:
        lines = [f"  {camera.id}:", f"    source: {_quote(camera.source)}"]
        for what, value in (("USER", camera.username), ("PASSWORD", camera.password)):
            if value is not None:
                name = camera.variable(what)
                variables[name] = value
                attribute = {"USER": "username", "PASSWORD": "password"}[what]
                lines.append(f"    {attribute}: ${{env:{name}}}")
        blocks.append("\n".join(lines) + "\n")
    receiver = "{log: {}}            # alerts go into the log"
    if webhook is not None and key is not None:
        variables |= {"OPS_URL": webhook, "OPS_SECRET": key}
        receiver = '{webhook: {url: "${env:OPS_URL}", secret: "${env:OPS_SECRET}"}}'
    body = _FLEET.format(cameras="".join(blocks), receiver=receiver, environment=ENVIRONMENT)
    head = "# Secrets of fleet.yaml, for its owner alone: not for version control.\n"
    lines = [f"{name}={shlex.quote(value.reveal())}\n" for name, value in variables.items()]
    return {FLEET: body, RULES: _RULES, ENVIRONMENT: head + "".join(lines)}


def variables_of(files: dict[str, str]) -> dict[str, str]:
    """Return what a shell that reads the environment file has."""
    pairs = (line.split("=", 1) for line in files[ENVIRONMENT].splitlines() if "=" in line[:80])
    return {name: "".join(shlex.split(value)) for name, value in pairs if not name.startswith("#")}


def _quote(text: str) -> str:
    """Return a text in YAML that means itself, references included."""
    return json.dumps(text.replace("${", "$${"))
