"""A recorder without a supervisor, for a test to kill: ``recorder_process.py FLEET.yaml BATCH``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from surveil.config import load_fleet
from surveil.workers.host.lifeline import LocalLifeline
from surveil.workers.recording import recorder

recorder.BATCH_EVENTS = int(sys.argv[2])
lifeline = LocalLifeline()
signal.signal(signal.SIGTERM, lambda *_: lifeline.stopping.set())
sys.exit(recorder.run(load_fleet(Path(sys.argv[1])), lifeline))
