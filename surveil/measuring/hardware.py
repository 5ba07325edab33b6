"""What a figure was measured on: without it, no figure means anything."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from surveil.workers.host.placement import usable_cores

PACKAGES = {
    "surveil": "surveil",
    "numpy": "numpy",
    "opencv": "opencv-python-headless",
    "openvino": "openvino",
    "pyav": "av",
    "sqlalchemy": "sqlalchemy",
    "torch": "torch",
}
"""What a report calls a package to its distribution; those not installed are left out."""

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16", "avx512_bf16")
"""Instructions of a processor that networks run faster with."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and the programs on it.

    Attributes:
        cpu: Model of the processor, as it names itself.
        cores: Cores this process may use, not those of the machine.
        flags: Those of ``FLAGS`` that the processor has; empty where that cannot be read.
        memory_bytes: Of the machine; 0 where that cannot be read.
        load: Processes that wanted to run in the last minute, as the measurement began: with more
            than a few tenths of it per core, wall time is other programs' too.
        os: System and release.
        python: Version.
        versions: Of ``PACKAGES``.
    """

    cpu: str
    cores: int
    flags: tuple[str, ...]
    memory_bytes: int
    load: float
    os: str
    python: str
    versions: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it for people, lines of less than 80 columns."""
        gib = self.memory_bytes / 2**30
        flags = ", ".join(self.flags) or "no flags known"
        shown = [f"{name} {version}" for name, version in self.versions.items()]
        half = (len(shown) + 1) // 2
        return [
            f"{self.cpu}, {self.cores} cores, {gib:.0f} GiB, load {self.load:.1f}",
            flags,
            f"{self.os}, Python {self.python}",
            ", ".join(shown[:half]),
            ", ".join(shown[half:]),
        ]


def inspect_host() -> Host:
    """Return what there is to know of this machine, now."""
    facts = _read_cpuinfo()
    has = facts.get("flags", "").split()
    return Host(
        cpu=facts.get("model name") or platform.processor() or platform.machine(),
        cores=usable_cores(),
        flags=tuple(flag for flag in FLAGS if flag in has),
        memory_bytes=_read_memory(),
        load=os.getloadavg()[0],
        os=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions=_read_versions(),
    )


def _read_cpuinfo(path: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return what the first processor says of itself; nothing on other systems than Linux."""
    try:
        first = path.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def _read_versions() -> dict[str, str]:
    found = {}
    for name, distribution in PACKAGES.items():
        try:
            found[name] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return found
