"""Which clips are read, and which videos are written for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from surveil.errors import ConfigError


def check_clips(clips: Sequence[Path]) -> None:
    """Refuse clips that cannot be read twice, or that are given twice.

    Raises:
        ConfigError: Everything that is wrong with them, together.
    """
    problems = [f"{clip}: there is no such file" for clip in clips if not clip.exists()]
    problems += [f"{clip}: is a folder, not a file" for clip in clips if clip.is_dir()]
    problems += [
        f"{clip}: can be read only once; save it to a file first"
        for clip in clips
        if clip.exists() and not clip.is_dir() and not clip.is_file()
    ]
    problems += [f"{clip}: given twice" for clip, n in Counter(clips).items() if n > 1]
    if problems:
        raise ConfigError("\n".join(problems))


def annotated_paths(clips: Sequence[Path], annotate: Path | None) -> dict[Path, Path]:
    """Return which video to write for each clip: none, one file, or one each in a folder.

    Raises:
        ConfigError: A video would overwrite its clip or another one.
    """
    if annotate is None:
        return {}
    if len(clips) == 1 and not annotate.is_dir():
        if annotate.absolute() == clips[0].absolute():
            raise ConfigError(f"{annotate}: would overwrite the clip itself")
        return {clips[0]: annotate}
    if annotate.suffix and not annotate.is_dir():
        raise ConfigError(f"{annotate}: name a folder, there are {len(clips)} clips")
    annotate.mkdir(parents=True, exist_ok=True)
    targets = {clip: annotate / f"{clip.stem}.annotated.mp4" for clip in clips}
    if len(set(targets.values())) < len(clips):
        raise ConfigError("two clips have the same name; annotate them one by one")
    return targets
