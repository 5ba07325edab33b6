"""Run a command as a unit of systemd would: its user, its view of files, its system calls.

Without systemd as process 1 nothing runs a unit itself. ``bwrap`` makes the same namespaces, and
the unit's system call filter is compiled with the same library. What it cannot show: cgroups
(DeviceAllow, TasksMax), and the protection of the clock and of kernel logs beyond capabilities.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyseccomp

from kit.tools import REPOSITORY, output, tool

STATE = "/var/lib/surveil/test"

HIDDEN = {"dev", "etc", "home", "proc", "root", "run", "tmp", "var"}
"""Of the root directory: what the unit does not see, or sees another of."""


def settings(unit: Path) -> dict[str, list[str]]:
    """Return the values of each key of a unit, in the order of the file."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def allowed_calls(filters: Sequence[str]) -> set[str]:
    """Return the system calls that lines of ``SystemCallFilter=`` leave, by systemd's own sets."""
    allowed: set[str] = set()
    for line in filters:
        names = line.removeprefix("~").split()
        calls = {call for name in names for call in _expand(name)}
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def _expand(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    lines = output([tool("systemd-analyze"), "syscall-filter", "--no-pager", name]).splitlines()
    members = [line.strip() for line in lines[1:]]
    return {call for one in members if one and not one.startswith("#") for call in _expand(one)}


def seccomp_file(unit: Mapping[str, Sequence[str]]) -> int:
    """Return a descriptor of the unit's filter, compiled for the kernel."""
    deny = pyseccomp.ERRNO(1)  # SystemCallErrorNumber=EPERM
    rules = pyseccomp.SyscallFilter(deny)
    for call in sorted(allowed_calls(unit["SystemCallFilter"])):
        if pyseccomp.resolve_syscall(pyseccomp.system_arch(), call) >= 0:  # of this machine
            rules.add_rule(pyseccomp.ALLOW, call)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.flush()
        fd = os.dup(file.fileno())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _read_only(folder: Path, without: Collection[str]) -> list[str]:
    """Return the arguments that show what lies in a folder, read-only, but for some names."""
    words = [] if folder == Path("/") else ["--tmpfs", str(folder)]
    for entry in sorted(folder.iterdir()):
        if entry.name in without:
            continue
        if entry.is_symlink():
            words += ["--symlink", str(entry.readlink()), str(entry)]
        else:
            words += ["--ro-bind-try", str(entry), str(entry)]
    return words


def start(
    unit: Mapping[str, Sequence[str]],
    command: Sequence[str],
    *,
    state: Path,
    etc: Path,
    etc_at: str,
    environment: Mapping[str, str],
    binds: Sequence[Path] = (),
    log: Path,
) -> subprocess.Popen[bytes]:
    """Start a command in the unit's sandbox.

    Args:
        unit: Its settings; each that is mapped here is asked for, so that it cannot be dropped.
        command: What to run.
        state: Folder that becomes the unit's StateDirectory, the only one that can be written.
        etc: Folder of the configuration, seen read-only at ``etc_at``.
        etc_at: Where.
        environment: All of it.
        binds: Sockets or folders that are seen where they are.
        log: Where its output goes.
    """
    for key, value in {
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "PrivateUsers": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectHostname": "yes",
        "DynamicUser": "yes",
    }.items():
        assert unit[key] == [value], key
    seccomp_fd = seccomp_file(unit)
    words = [tool("bwrap"), "--die-with-parent", "--new-session"]
    words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    words += [*_read_only(Path("/"), HIDDEN), *_read_only(Path("/etc"), {"surveil"})]
    # What is under test may lie below those, or below /tmp.
    for path in (REPOSITORY, Path(sys.prefix), Path(sys.base_prefix), *binds):
        words += ["--ro-bind", str(path), str(path)]
    words += ["--bind", str(state), STATE, "--ro-bind", str(etc), etc_at, "--chdir", STATE]
    words += ["--remount-ro", "/", "--remount-ro", "/etc"]
    words += ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--uid", "61234", "--gid", "61234", "--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    words += ["--seccomp", str(seccomp_fd), "--", *command]
    try:
        with log.open("ab") as out:
            return subprocess.Popen(
                words, pass_fds=[seccomp_fd], stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
    finally:
        os.close(seccomp_fd)
