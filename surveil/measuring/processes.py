"""What the processes of a daemon have used, by what they do. Linux alone tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
_WORKER = "surveil.workers.child"
_FORKS = "surveil.workers.forkserver"


@dataclass(slots=True)
class Usage:
    """Of all processes that do the same.

    Attributes:
        processes: How many.
        cpu_s: Processor time so far, that of children that have ended included.
        private_bytes: Memory that no other process has.
        shared_bytes: Their part of what they share, so that sums count nothing twice.
    """

    processes: int = 0
    cpu_s: float = 0.0
    private_bytes: int = 0
    shared_bytes: int = 0


@dataclass(slots=True)
class Usages:
    """By role: ``supervisor``, ``inference``, ``capture``, ``recorder``, ``forks``, ``redis`` …"""

    by_role: dict[str, Usage] = field(default_factory=dict)

    def since(self, before: Usages) -> Usages:
        """Return the same with the processor time used since; memory is that of now."""
        return Usages(
            {
                role: Usage(
                    now.processes,
                    now.cpu_s - before.by_role.get(role, Usage()).cpu_s,
                    now.private_bytes,
                    now.shared_bytes,
                )
                for role, now in self.by_role.items()
            }
        )


def inspect_daemon(pid: int, proc: Path = PROC) -> Usages:
    """Return what a daemon and its descendants have used; a process that ends is left out."""
    found = Usages()
    for one in descendants(pid, proc):
        try:
            role = "supervisor" if one == pid else _role(one, proc)
            used = found.by_role.setdefault(role, Usage())
            cpu_s, (private, shared) = _cpu_s(one, proc), _memory(one, proc)
        except OSError:
            continue
        used.processes += 1
        used.cpu_s += cpu_s
        used.private_bytes += private
        used.shared_bytes += shared
    return found


def descendants(pid: int, proc: Path = PROC) -> Iterator[int]:
    """Yield the ids of a process and of all that it and its children have started."""
    children: dict[int, list[int]] = {}
    for path in proc.iterdir():
        if path.name.isdigit():
            try:
                parent = int(_stat(int(path.name), proc)[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(path.name))
    left = [pid]
    while left:
        one = left.pop()
        yield one
        left += children.get(one, [])


def _role(pid: int, proc: Path) -> str:
    words = (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if _WORKER in words:
        return words[words.index(_WORKER) + 1]
    if _FORKS in words:
        return "forks"
    return "redis" if "redis" in words[0] else Path(words[0]).name


def _stat(pid: int, proc: Path) -> list[str]:
    """Return the fields of a process after its name: state, parent, …"""
    return (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()


def _cpu_s(pid: int, proc: Path) -> float:
    fields = _stat(pid, proc)
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int, proc: Path) -> tuple[int, int]:
    """Return private bytes, and the process's part of shared ones."""
    sums = _kib((proc / str(pid) / "smaps_rollup").read_text())
    private = sums.get("Private_Clean", 0) + sums.get("Private_Dirty", 0)
    return private * 1024, max(0, sums.get("Pss", 0) - private) * 1024


def _kib(text: str) -> Mapping[str, int]:
    lines = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if words[-1] == "kB"}
