"""Run an alerter for a fleet file and a database, until killed."""

from __future__ import annotations

import sys
from pathlib import Path

from surveil.config import load_fleet
from surveil.secrets import SecretUrl
from surveil.workers.alerting import alerter
from surveil.workers.host.lifeline import LocalLifeline

if __name__ == "__main__":
    path, database_url = sys.argv[1:]
    fleet = load_fleet(Path(path)).model_copy(update={"database": SecretUrl(database_url)})
    sys.exit(alerter.run(fleet, LocalLifeline()))
