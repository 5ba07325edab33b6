"""Who listens on a TCP port, as far as this process may see."""

from __future__ import annotations

from pathlib import Path

_LISTEN = "0A"
"""State of a listening socket in ``/proc/net/tcp`` (TCP_LISTEN of include/net/tcp_states.h)."""


def describe_listener(port: int) -> str:
    """Return who listens on a TCP port, such as ``redis-server (pid 42)``.

    Reads ``/proc``, so on other systems than Linux, and for processes of other users, it returns
    ``another process``.
    """
    for pid in _owners(_listening_inodes(port)):
        try:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        except OSError:
            name = "a process"
        return f"{name} (pid {pid})"
    return "another process"


def _listening_inodes(port: int) -> set[str]:
    """Return the inodes of the sockets that listen on a port, on any address."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _owners(inodes: set[str]) -> list[int]:
    """Return the processes that hold one of some sockets, in ascending order."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    owners: list[int] = []
    if not wanted:
        return owners
    for process in Path("/proc").glob("[0-9]*"):
        if any(_target(link) in wanted for link in _files(process)):
            owners.append(int(process.name))
    return sorted(owners)


def _files(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []  # ended meanwhile, or another user's


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed meanwhile
