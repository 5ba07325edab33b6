"""Compiled networks, which take seconds to make."""

from __future__ import annotations

import pytest
import torch

from surveil.detect import MtcnnDetector, MtcnnNetworks
from surveil.engines import EngineName


@pytest.fixture(scope="session", params=[EngineName.OPENVINO, EngineName.TORCH])
def networks(request: pytest.FixtureRequest) -> MtcnnNetworks:
    torch.set_num_threads(1)
    return MtcnnNetworks.load(engine=request.param, threads=1)


@pytest.fixture
def detector(networks: MtcnnNetworks) -> MtcnnDetector:
    return MtcnnDetector(min_face_px=30, networks=networks)
