"""A database of scenes, and the engine of the daemon fed with the very same events."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from pathlib import Path
from typing import Any

import pytest

from surveil.backtesting.replaying import Replay
from surveil.backtesting.shards import divide
from surveil.backtesting.sieve import Span
from surveil.baselines import SqlBaselines
from surveil.domain import Event
from surveil.errors import UnavailableError
from surveil.rules.engine import RuleEngine, lateness_of
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

START_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


class History:
    """Scenes of cameras, stored and at hand."""

    def __init__(
        self,
        folder: Path,
        scripts: Mapping[str, str],
        start_at: datetime = START_AT,
        interval_s: float = 1.0,
    ) -> None:
        self.start_at, self.interval_s = start_at, interval_s
        scenes = {id_: parse_scenes(text) for id_, text in scripts.items()}
        self.cameras = {id_: dict[str, str]() for id_ in scripts}
        self.until_at = start_at + timedelta(seconds=max(map(length_s, scenes.values())))
        self.events: list[Event] = list(
            merge(
                *(play_scenes(id_, script, start_at, interval_s) for id_, script in scenes.items()),
                key=lambda event: (event_at(event), event.run, event.seq),
            )
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database = self.make_database("history")
        self.store(self.database, self.events)

    def make_database(self, name: str) -> Database:
        database = connect(f"sqlite:///{self.folder}/{name}.db")
        migrate.upgrade(database)
        return database

    def store(self, database: Database, events: Sequence[Event]) -> None:
        for first in range(0, len(events), 500):
            with writing(database) as connection:
                write_batch(connection, events[first : first + 500])

    def span(self, *, spares: bool = True) -> Span:
        with reading(self.database) as connection:
            ready_at = first_word_at(connection, Scope.all(), self.start_at, self.until_at)
        lateness_s = lateness_of(self.interval_s)
        return Span(self.start_at, self.until_at, self.interval_s, lateness_s, spares, ready_at)

    def live(self, rules: Sequence[Rule]) -> list[tuple[Any, ...]]:
        """Return what the daemon's engine does, with all rules and cameras at once."""
        engine = RuleEngine(rules, self.cameras, start_at=self.start_at, labels=self.cameras)
        return shown(Player(engine, self.start_at).play(self.events, self.until_at))

    def live_as_stored(self, rules: Sequence[Rule], lags: Iterator[timedelta]) -> Any:
        """Return what the daemon's engine does while a recorder stores the events, each late.

        Args:
            rules: All of them.
            lags: For each quarter of an hour, by how much the recorder is behind at its end.
        """
        database, stored, steps = self.make_database("live"), 0, list[Transition]()
        baselines = SqlBaselines(database, rules, self.cameras, fail)
        engine = RuleEngine(
            rules,
            self.cameras,
            start_at=self.start_at,
            labels=self.cameras,
            lateness_s=lateness_of(self.interval_s),
            history=baselines,
        )
        player, place, at = Player(engine, self.start_at), 0, self.start_at
        while at < self.until_at:
            at = min(self.until_at, at + timedelta(minutes=15))
            before = at - next(lags)
            known = bisect_right(self.events, before, key=event_at)
            self.store(database, self.events[stored : max(stored, known)])
            stored = max(stored, known)
            for _ in range(10):
                baselines.prepare(at - timedelta(minutes=15))
            end = bisect_right(self.events, at, key=event_at)
            steps += player.play(self.events[place:end], at)
            place = end
        database.dispose()
        return shown(steps)

    def replay(self, rules: Sequence[Rule], *, spares: bool = True) -> list[tuple[Any, ...]]:
        """Return what a backtest finds, of all its parts."""
        steps: list[Transition] = []
        self.read = 0
        for shard in divide(rules, self.cameras):
            replay = Replay(self.database, shard, self.cameras, self.span(spares=spares))
            steps += replay.run()
            self.read += replay.events
        return shown(steps)


def fail(error: UnavailableError) -> None:
    raise error


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

    def make(scripts: Mapping[str, str], *when: Any) -> History:
        made.append(History(tmp_path / str(len(made)), scripts, *when))
        return made[-1]

    yield make
    for history in made:
        history.database.dispose()
