"""A database of scenes, and the engine of the daemon fed with the very same events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from pathlib import Path
from typing import Any

import pytest

from surveil.domain import Event
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import Transition
from surveil.rules.model import Rule
from surveil.rules.playing import Player
from surveil.rules.scenes import length_s, parse_scenes, play_scenes
from surveil.rules.sequence import event_at
from surveil.store import migrate
from surveil.store.engine import Database, connect, reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading.minutes import first_word_at
from surveil.store.scope import Scope
from surveil.workers.backtesting.replaying import Replay
from surveil.workers.backtesting.shards import divide
from surveil.workers.backtesting.sieve import Span

START_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


class History:
    """Scenes of cameras, stored and at hand."""

    def __init__(self, folder: Path, scripts: Mapping[str, str]) -> None:
        scenes = {id_: parse_scenes(text) for id_, text in scripts.items()}
        self.cameras = {id_: dict[str, str]() for id_ in scripts}
        self.until_at = START_AT + timedelta(seconds=max(map(length_s, scenes.values())))
        self.events: list[Event] = list(
            merge(
                *(play_scenes(id_, script, START_AT, 1.0) for id_, script in scenes.items()),
                key=lambda event: (event_at(event), event.run, event.seq),
            )
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"sqlite:///{folder}/history.db"
        self.database: Database = connect(self.url)
        migrate.upgrade(self.database)
        for first in range(0, len(self.events), 500):
            with writing(self.database) as connection:
                write_batch(connection, self.events[first : first + 500])

    def span(self, *, spares: bool = True) -> Span:
        with reading(self.database) as connection:
            ready_at = first_word_at(connection, Scope.all(), START_AT, self.until_at)
        return Span(START_AT, self.until_at, 1.0, 5.0, spares, ready_at)

    def live(self, rules: Sequence[Rule]) -> list[tuple[Any, ...]]:
        """Return what the daemon's engine does, with all rules and cameras at once."""
        engine = RuleEngine(rules, self.cameras, start_at=START_AT, labels=self.cameras)
        return shown(Player(engine, START_AT).play(self.events, self.until_at))

    def replay(self, rules: Sequence[Rule], *, spares: bool = True) -> list[tuple[Any, ...]]:
        """Return what a backtest finds, of all its parts."""
        steps: list[Transition] = []
        self.read = 0
        for shard in divide(rules, self.cameras):
            replay = Replay(self.database, shard, self.cameras, self.span(spares=spares))
            steps += replay.run()
            self.read += replay.events
        return shown(steps)


def shown(steps: Any) -> list[tuple[Any, ...]]:
    """Return transitions as what must be equal, in one order."""
    return sorted(
        (
            (step.at - START_AT).total_seconds(),
            step.rule,
            step.key.text,
            step.from_state.value,
            step.to_state.value,
            step.cause,
            None if step.value is None else round(step.value, 9),
        )
        for step in steps
    )


@pytest.fixture
def make_history(tmp_path: Path) -> Any:
    made: list[History] = []

    def make(scripts: Mapping[str, str]) -> History:
        made.append(History(tmp_path / str(len(made)), scripts))
        return made[-1]

    yield make
    for history in made:
        history.database.dispose()
