"""``surveil dataset export``: faces as class folders for other tools."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from surveil.cli.class_names import with_class_names
from surveil.cli.saying import say
from surveil.errors import SurveilError

if TYPE_CHECKING:
    from surveil.training.data.class_names import ClassNames


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@with_class_names
def export(path: Path, out: Path, names: ClassNames) -> None:
    """Write the faces of PATH as folders SPLIT/CLASS, which other tools read.

    torchvision reads OUT/train as an ImageFolder, FiftyOne as an ImageClassificationDirectoryTree,
    and surveil reads OUT itself. Who is seen is not kept: the split stays as it was drawn.
    """
    from surveil.training.collect.class_tree import write_class_tree
    from surveil.training.data.path import read_path

    aside: Counter[str] = Counter()
    faces = read_path(path, names=names, aside=aside)
    try:
        counts = write_class_tree(faces, out)
    except OSError as error:
        raise SurveilError(f"cannot write into {out}: {error.strerror}") from None
    say(", ".join(f"{count} faces in {out / split}" for split, count in counts.items()))
    for reason, count in aside.most_common():
        say(f"Note: left out: {count} {reason}", err=True)
