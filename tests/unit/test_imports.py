"""What runs no network loads no library for networks: it would cost seconds and a gigabyte."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("facenet_pytorch", "openvino", "torch", "torchvision")

LIGHT = (
    "surveil.config",
    "surveil.events",
    "surveil.intervals",
    "surveil.models",
    "surveil.notify",
    "surveil.rules",
    "surveil.simulate",
    "surveil.sources",
    "surveil.store",
    "surveil.track",
    "surveil.workers.host.daemon",
    "surveil.workers.host.supervisor",
    "surveil.workers.capture",
    "surveil.workers.recording.recorder",
    "surveil.workers.alerting.alerter",
    "surveil.cli.main",
    "surveil.cli.alerts",
    "surveil.cli.check",
    "surveil.cli.compare",
    "surveil.cli.db",
    "surveil.cli.run",
    "surveil.cli.schema",
    "surveil.cli.simulate",
    "surveil.cli.sql",
    "surveil.cli.timeline",
)
"""Packages, each with all that its ``__init__`` imports, and modules."""

PROGRAM = """
import importlib, pkgutil, sys
heavy, light = (words.split(",") for words in sys.argv[1:])
def load(name):
    module = importlib.import_module(name)
    if loaded := [word for word in heavy if word in sys.modules]:
        raise SystemExit(f"{name} loads {', '.join(loaded)}")
    return module
for name in light:
    module = load(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        load(found.name)
"""


def test_what_runs_no_network_loads_no_library_for_networks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(HEAVY), ",".join(LIGHT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_package_costs_nothing_until_something_is_asked_for() -> None:
    program = """
import sys
before = set(sys.modules)
import surveil
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(tops - sys.stdlib_module_names))
print(callable(surveil.load), "numpy" in sys.modules, "torch" in sys.modules)
try:
    surveil.lode
except AttributeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "['openvino_telemetry', 'surveil']",
        "True True False",
        "module 'surveil' has no attribute 'lode'",
    ]


def test_a_check_loads_only_what_it_needs() -> None:
    slow = ("asyncio", "numpy", "sqlalchemy", "structlog")
    program = f"import sys, surveil.cli.check; print(*(m for m in {slow} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


def test_the_supervisor_does_without_libraries_that_only_workers_and_tables_need() -> None:
    program = "import sys, surveil.cli.run; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"av", "cv2", "numpy", "rich", "sqlalchemy"} & set(done.stdout.split())
