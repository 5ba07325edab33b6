"""``surveil dataset label`` and ``agree``: two people label pictures, blind to each other."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.saying import say
from surveil.errors import ConfigError, SurveilError

ANSWERS_HELP = "Folder of the answers, a file for each person."


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--by", "name", required=True, metavar="NAME", help="Who labels.")
@click.option("--answers", type=click.Path(path_type=Path), required=True, help=ANSWERS_HELP)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: a free one]")
def label(folder: Path, name: str, answers: Path, port: int) -> None:
    """Label the photographs in FOLDER on a page on this machine, until Ctrl-C.

    The page shows one picture after the other, in an order of NAME's own, and neither anybody
    else's answers nor what a model says. Each answer is on the disk at once; the same command goes
    on from there. When two people are done, 'surveil dataset agree' tells how far they agree.
    Label only pictures of people who consented to it.
    """
    from surveil.training.collect.answers import Answers
    from surveil.training.collect.label_page import LabelServer

    files = _photographs(folder)
    said = Answers(answers, name)
    try:
        server = LabelServer(folder, files, name, said, port)
    except OSError as error:
        raise SurveilError(f"port {port}: {error.strerror}") from None
    with server:
        say(f"{len(files)} pictures, {len(files) - len(server.left)} labelled by {name}")
        say(f"open {server.url}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say(f"{said.path}: {len(said)} answers")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--answers", type=click.Path(path_type=Path), required=True, help=ANSWERS_HELP)
@click.option(
    "--by", "names", multiple=True, metavar="NAME",
    help="Whose answers, twice; not needed where there are just two people's.",
)  # fmt: skip
def agree(folder: Path, answers: Path, names: tuple[str, ...]) -> None:
    """Tell how far two people agree on the pictures in FOLDER, and write what they agree on.

    Cohen's kappa is 1 where they always agree and 0 where they agree as often as by chance.
    labels.csv holds what both say and goes into 'surveil dataset import'; disputed.csv the rest.
    """
    from surveil.training.collect.answers import (
        DISPUTED,
        LABELS,
        agreement,
        path_of,
        read_answers,
        write_agreement,
    )

    known = _photographs(folder)
    first, second = names if len(names) == 2 else _two(answers, names, (LABELS, DISPUTED))
    said = [read_answers(path_of(answers, name)) for name in (first, second)]
    found = agreement(*({f: a for f, a in own.items() if f in set(known)} for own in said))
    if not found.pictures:
        raise ConfigError(f"{answers}: {first} and {second} have labelled no picture in common")
    try:
        write_agreement(answers, found, (first, second))
    except OSError as error:
        raise SurveilError(f"cannot write into {answers}: {error.strerror}") from None
    say(f"{found.pictures} of {len(known)} pictures labelled by {first} and {second}")
    say(f"the same answer for {found.alike} ({found.alike / found.pictures:.1%})")
    if found.kappa is None or found.interval is None:
        say("Cohen's kappa: not defined, as both always gave one and the same answer")
    else:
        low, high = found.interval
        say(f"Cohen's kappa {found.kappa:.2f} (95%: {low:.2f} to {high:.2f}), {found.words}")
    say(f"{len(found.agreed)} labels in {answers / LABELS}, {len(found.disputed)} in {DISPUTED}")
    say(f"next: surveil dataset import {folder} --labels {answers / LABELS} --out DATASET")


def _photographs(folder: Path) -> list[str]:
    from surveil.training.data.pictures import find_files, is_video
    from surveil.training.data.tree import shown

    files = [path for path in find_files(folder).files if not is_video(path)]
    if not files:
        raise ConfigError(f"{folder}: there is no photograph in it, only videos")
    return [shown(path.relative_to(folder)) for path in files]


def _two(answers: Path, names: tuple[str, ...], results: tuple[str, ...]) -> tuple[str, str]:
    there = sorted(path.stem for path in answers.glob("*.csv") if path.name not in results)
    if names or len(there) != 2:
        raise ConfigError(
            f"{answers}: give --by twice, for whose answers are compared; there are those of "
            f"{', '.join(there) or 'nobody'}"
        )
    return there[0], there[1]
