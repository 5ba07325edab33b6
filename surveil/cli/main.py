"""The ``surveil`` command. Each subcommand is a module, imported only when it is called."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import NoReturn

import click

from surveil.cli.lazy import LazyGroup
from surveil.errors import ConfigError, SurveilError
from surveil.plaintext import escape

COMMANDS = {
    "run": "surveil.cli.run",
    "fleet": "surveil.cli.fleet",
    "init": "surveil.cli.init",
    "check": "surveil.cli.check",
    "status": "surveil.cli.status",
    "top": "surveil.cli.top",
    "view": "surveil.cli.view",
    "web": "surveil.cli.web",
    "user": "surveil.cli.user",
    "audit": "surveil.cli.audit",
    "privacy": "surveil.cli.privacy",
    "doctor": "surveil.cli.doctor",
    "schema": "surveil.cli.schema",
    "demo": "surveil.cli.demo",
    "analyze": "surveil.cli.analyze",
    "timeline": "surveil.cli.timeline",
    "alerts": "surveil.cli.alerts",
    "rules": "surveil.cli.rules",
    "silence": "surveil.cli.silence",
    "sql": "surveil.cli.sql",
    "db": "surveil.cli.db",
    "simulate": "surveil.cli.simulate",
    "train": "surveil.cli.train",
    "evaluate": "surveil.cli.evaluate",
    "blend": "surveil.cli.blend",
    "calibrate": "surveil.cli.calibrate",
    "compare": "surveil.cli.compare",
    "dataset": "surveil.cli.dataset",
    "export": "surveil.cli.export",
    "bench": "surveil.cli.bench",
}
"""Command name to the module that defines a click command called ``command``."""


SUMMARIES = {
    "run": "Watch the cameras of FLEET.yaml until SIGTERM or Ctrl-C.",
    "fleet": "Spread cameras over several hosts: start them, look, drain one.",
    "init": "Write fleet.yaml, rules/first.yaml and .env into FOLDER, after a few questions.",
    "check": "Validate FLEET.yaml, its rules and its secrets, without starting anything.",
    "status": "Say whether the daemon of FLEET.yaml runs, and how each camera does.",
    "top": "Watch the daemon of FLEET.yaml on this terminal; q ends it.",
    "view": "Watch SOURCE in the browser: usb:0, rtsp://… or a video file.",
    "web": "Serve the dashboard of FLEET.yaml, whose daemon may run elsewhere.",
    "user": "Say who may look at the dashboard and call its API.",
    "audit": "Show who did what, and prove that the audit log is as it was written.",
    "privacy": "Tell people what is done, assess it, and erase what was seen.",
    "doctor": "Say how many cameras of FLEET.yaml this host carries.",
    "schema": "Print a JSON Schema: of files, for editors, or of messages.",
    "demo": (
        "Show surveil at work: two cameras, faces, expressions, alerts, an outage, and the SQL."
    ),
    "analyze": "Analyse video files faster than real time.",
    "timeline": (
        "Show the emotions that cameras saw, bucket by bucket, with the coverage beside them."
    ),
    "alerts": (
        "List alerts (without a command), acknowledge and mark them, count how many were right."
    ),
    "rules": "Say what alert rules mean, and try them before they wake anybody.",
    "silence": "Tell nobody of some alerts for a time; they are written down all the same.",
    "sql": "Run one reading statement; - reads it from standard input.",
    "db": "Bring the database up to date, check it, and delete what is old.",
    "simulate": "Serve clips as looped RTSP cameras, rtsp://HOST:PORT/NAME, until interrupted.",
    "train": "Train a model as CONFIG says, evaluate it and write it to the models folder.",
    "evaluate": "Evaluate MODEL, a name or a folder, on the faces below --data.",
    "blend": (
        "Blend the last layers of two models that share a trunk: the labels' and the votes' head."
    ),
    "calibrate": (
        "Fit temperature and thresholds of MODEL to a site's faces, without touching its weights."
    ),
    "compare": (
        "Compare MODELS: folders of a model or of models, or names (default: all there are)."
    ),
    "dataset": "Labelled faces: import a site's own, count them, look at them.",
    "export": "Write each MODEL's ONNX file, a name or a folder, of its weights.",
    "bench": "Measure surveil on this machine, one part or all of it.",
}
"""What ``surveil --help`` says of each without importing it; equal to their first lines."""

EXTRAS = {
    "apprise": "'surveil[apprise]'",
    "facenet_pytorch": "--no-deps facenet-pytorch",
    "imagehash": "'surveil[train]'",
    "matplotlib": "'surveil[train]'",
    "onnx": "'surveil[train]'",
    "onnxscript": "'surveil[train]'",
    "pandas": "'surveil[train]'",
    "pyarrow": "'surveil[parquet]'",
    "ray": "'surveil[ray]'",
    "scipy": "'surveil[train]'",
    "sklearn": "'surveil[train]'",
    "tensorboard": "'surveil[train]'",
    "torch": "'surveil[train]'",
    "torchmetrics": "'surveil[train]'",
    "torchvision": "'surveil[train]'",
}
"""Module that only an extra brings to what brings it, as pip is told. GPUs, which need PyTorch too,
say so themselves."""


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    summaries=SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Completion in bash: eval "$(_SURVEIL_COMPLETE=bash_source surveil)"; zsh_source and'
    " fish_source for others.",
)
@click.version_option(package_name="surveil")
def cli() -> None:
    """Emotion timelines and alerts from a fleet of cameras."""


def main() -> None:
    """Run the command line; an error raised on purpose ends with its own exit code."""
    sys.excepthook = _print_redacted
    try:
        cli(standalone_mode=True)
    except SurveilError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        top = str(error.name).partition(".")[0]
        if top not in EXTRAS:
            raise
        _fail(ConfigError(f"{top} is not installed; this needs: pip install {EXTRAS[top]}"))


def _fail(error: SurveilError) -> NoReturn:
    click.echo(_shown(error.report()), err=True)
    sys.exit(error.exit_code)


def _print_redacted(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of an error nobody foresaw, without the secrets of its texts."""
    click.echo(_shown("".join(traceback.format_exception(kind, error, trace))), err=True)


def _shown(text: str) -> str:
    # Where the module was never imported, no secret was ever read.
    redaction = sys.modules.get("surveil.redaction")
    text = str(redaction.redact(text)) if redaction is not None else text
    return escape(text, keep_lines=True)


if __name__ == "__main__":
    main()
