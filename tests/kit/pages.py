"""What pages of documentation tell to type, and a place in which it works as it stands there.

A page is a script: its ``sh`` and ``python`` blocks run in order, in one folder, with the variables
and the working directory that the block before left; blocks that begin with ``# path.yaml`` or
``# path.py`` are written there. A comment just above a block says what is special about it:

    <!-- not run: REASON -->      it cannot run on a machine of tests
    <!-- exits 7 -->              it ends with this code
    <!-- stays until: TEXT -->    it runs on, beside what follows, from when it has printed TEXT
    <!-- ID is: COMMAND -->       ID stands for the last line that COMMAND prints
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit.tools import REPOSITORY
from kit.waiting import until

PAGES = sorted(
    [REPOSITORY / "README.md", REPOSITORY / "deploy/README.md", *REPOSITORY.glob("docs/*.md")]
)
COMMANDS = ("sh", "python")
_PROGRAMS = "surveil|make|pip|pipx|uv|docker|ray|systemctl|kubectl|python|sh|cp|chmod|curl|promtool"
_NOTE = re.compile(
    r"<!-- (?P<word>not run|exits \d+|stays until|[A-Z0-9]+ is):? ?(?P<rest>.*?) -->"
)
_PATH = re.compile(r"# ([\w./-]+\.(?:yaml|py))$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: The file it is in.
        line: Of the opening fence, from 1.
        language: What the fence says.
        text: Between the fences.
        notes: What comments just above say, by their first words.
    """

    page: Path
    line: int
    language: str
    text: str
    notes: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"

    @property
    def why_not_run(self) -> str | None:
        return self.notes.get("not run")


def blocks_of(page: Path) -> list[Block]:
    """Return a page's fenced blocks, in order."""
    found: list[Block] = []
    notes: dict[str, str] = {}
    fence: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if fence is not None and line == "```":
            found.append(Block(page, fence[0], fence[1], "\n".join(fence[2]), notes))
            fence, notes = None, {}
        elif fence is not None:
            fence[2].append(line)
        elif line.startswith("```"):
            fence = (number, line.removeprefix("```").strip(), [])
        elif note := _NOTE.fullmatch(line):
            notes[note["word"]] = note["rest"]
        else:
            notes = {}
    assert fence is None, f"{page}: the block of line {fence and fence[0]} has no end"
    return found


def unfenced_commands(page: Path) -> list[str]:
    """Return what looks like a command, but stands where nothing runs it."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(rf"^ {{4,}}((?:{_PROGRAMS}) .*)$", text, flags=re.M)


def inline_commands(page: Path) -> list[str]:
    """Return the calls of surveil that stand within sentences and tables."""
    return re.findall(r"`surveil ([^`]+)`", page.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Reader:
    """Somebody who types what a page says.

    Attributes:
        home: The folder they are in.
        environment: Their variables.
        stand_ins: What a page says, such as a camera's address or a port, to what there is here.
    """

    home: Path
    environment: dict[str, str]
    stand_ins: dict[str, str]

    def follow(self, page: Path) -> list[str]:
        """Do all that a page says; return the places of what ran."""
        blocks = blocks_of(page)
        names = set(re.findall(r"\$\{env:(\w+)\}", "".join(block.text for block in blocks)))
        state = self.home / ".state"
        state.write_text(
            "".join(f"export {name}=a-secret-of-the-tests\n" for name in sorted(names))
        )
        ran: list[str] = []
        with self._staying() as staying:
            for block in blocks:
                named = _PATH.match(block.text.partition("\n")[0])
                if named:
                    self._write(named[1], block.text)
                self._free_ports()
                if named or block.language not in COMMANDS or block.why_not_run is not None:
                    continue
                ran.append(block.place)
                if text := block.notes.get("stays until"):
                    staying.append(self._start(block, text))
                elif staying:
                    self._run_in_time(block)
                else:
                    assert (wrong := self._run(block)) is None, wrong
        return ran

    def _write(self, name: str, text: str) -> None:
        path = self._folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(text) + "\n", encoding="utf-8")

    def _folder(self) -> Path:
        """Return where the blocks before went."""
        lines = (self.home / ".state").read_text(encoding="utf-8").splitlines()
        gone = [line[3:].strip('"') for line in lines if line.startswith("cd ")]
        return Path(gone[-1]) if gone else self.home

    def _here(self, text: str) -> str:
        for said, meant in self.stand_ins.items():
            text = text.replace(said, meant)
        return text

    def _free_ports(self) -> None:
        """Let daemons take free ports: those that they take unasked may be taken already."""
        for file in self.home.rglob("fleet.yaml"):
            text = file.read_text(encoding="utf-8")
            for key, port in (("http", "0"), ("web", self.stand_ins["8808"])):
                if not re.search(rf"^{key}:", text, flags=re.M):
                    text += f"{key}: {{port: {port}}}\n"
            file.write_text(text, encoding="utf-8")

    def _run_in_time(self, block: Block) -> None:
        """Run a block beside something that stays, and again while that is not yet so far."""
        wrongs: list[str] = []

        def is_done() -> bool:
            if wrong := self._run(block):
                wrongs.append(wrong)
            return not wrong

        try:
            until(is_done, block.place, limit_s=200)
        except AssertionError:
            raise AssertionError(f"first:\n{wrongs[0]}\n\nlast:\n{wrongs[-1]}") from None

    def _run(self, block: Block) -> str | None:
        """Return what went wrong."""
        [expected] = [int(w.split()[1]) for w in block.notes if w.startswith("exits")] or [0]
        done = subprocess.run(
            self._command(block, self._stood_in(block)),
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode == expected:
            return None
        return f"{block.place} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"

    def _start(self, block: Block, text: str) -> subprocess.Popen[bytes]:
        output = self.home / f".output-{block.line}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                self._command(block, self._stood_in(block)),
                cwd=self.home,
                env=self.environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

        def has_said() -> bool:
            said = output.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, f"{block.place} ended\n{said}"
            return text in said

        try:
            until(has_said, f"{block.place} says {text}", limit_s=400)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return process

    @contextmanager
    def _staying(self) -> Iterator[list[subprocess.Popen[bytes]]]:
        processes: list[subprocess.Popen[bytes]] = []
        try:
            yield processes
        finally:
            for process in reversed(processes):
                os.killpg(process.pid, signal.SIGTERM)
            for process in reversed(processes):
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def _stood_in(self, block: Block) -> str:
        text = self._here(block.text)
        for word, command in block.notes.items():
            if word.endswith(" is"):
                done = subprocess.run(
                    self._command(block, command, "sh"),
                    cwd=self.home,
                    env=self.environment,
                    capture_output=True,
                    text=True,
                    timeout=300,
                )
                lines = done.stdout.split()
                assert lines, f"{block.place}: {command} says nothing\n{done.stderr}"
                text = text.replace(word.removesuffix(" is"), lines[-1])
        return text

    def _command(self, block: Block, text: str, language: str | None = None) -> list[str]:
        state = self.home / ".state"
        if (language or block.language) == "python":
            return ["bash", "-c", f'. {state}; exec {sys.executable} -W error -c "$1"', "-", text]
        after = f"trap '{{ export -p; echo cd \"$PWD\"; }} > {state}' EXIT"
        return ["bash", "-e", "-c", f". {state}\n{after}\n{text}"]
