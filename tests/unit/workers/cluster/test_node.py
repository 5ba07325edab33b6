"""What a node does when it is asked to run its host."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.errors import ConfigError
from surveil.workers.cluster.node import HostOrder, NodeHost, digest_of
from surveil.workers.host.datadir import DataDirLock


def order(folder: Path, digest: str = "") -> HostOrder:
    file = folder / "fleet.yaml"
    return HostOrder(str(file), digest, str(folder / "hosts"), "north", {}, None)


def test_a_host_that_runs_is_left_alone(tmp_path: Path) -> None:
    with DataDirLock(tmp_path / "hosts" / "north"):
        assert not NodeHost().ensure(order(tmp_path))


def test_a_missing_fleet_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fleet\.yaml is not on this node: copy it here"):
        NodeHost().ensure(order(tmp_path))


def test_another_fleet_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    digest = digest_of(file)
    file.write_text("version: 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not the driver's"):
        NodeHost().ensure(order(tmp_path, digest))
