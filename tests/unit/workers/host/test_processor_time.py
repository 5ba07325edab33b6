"""The processor time of a process, against what the system says of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from surveil.workers.host.processor_time import processor_time_s

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")


def test_it_is_what_the_system_counts() -> None:
    before = time.process_time()
    told = processor_time_s(os.getpid())
    assert told is not None
    assert before - 0.05 <= told <= time.process_time() + 0.05


def test_a_process_that_is_not_there_has_none() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processor_time_s(child.pid) is None
