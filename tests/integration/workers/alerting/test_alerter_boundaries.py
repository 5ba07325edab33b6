"""An alerter that is killed just before and just after its commits loses and doubles nothing."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest

from surveil.config import Fleet
from surveil.domain import Event
from surveil.events.embedded import EmbeddedRedis
from surveil.rules import RuleEngine

CAMERAS = ["lobby", "desk", "gate", "hall"]
RULES = [
    {
        "name": "joy",
        "when": [{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}],
        "notify": ["ops", "digest"],
    },
    {
        "name": "long-joy",
        "when": [{"share": {"emotion": "happy", "over": "3s"}, "above": 0.5}],
        "for": "1s",
        "notify": ["ops", "digest"],
    },
]
PLANS = list(product(range(1, 9), (False, True)))
"""At which commit after a start, and whether before or after it."""
KINDS = ("steps", "group", "settled", "progress", "idle")
"""What a commit wrote: steps of alerts, a message of a group, the end of an attempt, no more than
how far was read; or that the alerter had nothing more to commit."""
AHEAD_S = (25, 45)
"""How far ahead of the clock the events are, so that it plays no part in them."""


class Forks:
    """Alerters that are killed one after the other."""

    def __init__(self, site: Any) -> None:
        script = Path(__file__).with_name("alerter_forks.py")
        command = [sys.executable, str(script), str(site.path), site.database_url]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def kill_at(self, number: int, *, after: bool) -> str:
        """Run one until it is killed at a commit; return what that wrote, or ``idle``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        plan = {"at": number, "after": after, "limit_s": 6}
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer in KINDS, f"the forks have ended: {answer!r}"
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


class World:
    """Cameras whose faces change, and what must have come of it."""

    def __init__(self, site: Any, kit: Any, fleet: Fleet) -> None:
        self._site = site
        self._chance = random.Random(11)
        self._scripts = [kit.script(name) for name in CAMERAS]
        self._fleet = fleet
        self.published: list[Event] = []

    def go_on(self, seconds: int = 1) -> None:
        """Publish what the cameras see in the next seconds, unless that is too far ahead."""
        for script in self._scripts:
            ahead_s = script.second - script.passed_s
            if ahead_s < AHEAD_S[0]:
                script.second = int(script.passed_s) + AHEAD_S[0]
            if ahead_s > AHEAD_S[1]:
                continue
            marks = "".join(self._chance.choice("hhnna") for _ in range(seconds))
            events = script.play(marks)
            self.published += events
            self._site.publish(events)

    def end(self) -> None:
        """Publish calm until all alerts are at rest: then time that passes changes nothing."""
        for script in self._scripts:
            events = script.play("n" * 8)
            self.published += events
            self._site.publish(events)

    def expected(self) -> list[Any]:
        """Return the transitions of an engine that was never killed."""
        start_at = min(script.start_at for script in self._scripts)
        oracle = RuleEngine(self._fleet.rules, CAMERAS, start_at=start_at)
        return [step for event in self.published for step in oracle.observe(event)]


def configure(site: Any, redis_server: EmbeddedRedis) -> Fleet:
    """Write a fleet with a receiver that is told all alone, and one that is told in groups."""
    grouping = {"group_by": ["rule"], "wait": "0s", "interval": "0s"}
    fleet: Fleet = site.configure(
        redis_server.url, cameras=CAMERAS, rules=RULES, more={"digest": grouping}
    )
    return fleet


def kill_often(site: Any, kit: Any, redis_server: EmbeddedRedis, kills: int) -> Counter[str]:
    """Kill so often, then let one go on to the end; return how often at which commit."""
    fleet = configure(site, redis_server)
    site.hook.refuses = 7
    world, found, forks = World(site, kit, fleet), Counter[str](), Forks(site)
    try:
        for number, is_after in cycle(PLANS):
            world.go_on()
            kind = forks.kill_at(number, after=is_after)
            found[kind if kind == "idle" else f"{'after' if is_after else 'before'} {kind}"] += 1
            if found.total() - found["idle"] >= kills:
                break
            assert found["idle"] < kills + 20, found
    finally:
        forks.close()
    world.end()
    last = site.start()
    try:
        waiting = "select 1 from outbox where state = 'waiting'"
        kit.until(lambda: site.is_settled and not site.rows(waiting), limit_s=240)
        assert last.poll() is None, "it ended by itself"
    finally:
        last.kill()
        last.wait()
    check(site, world)
    return found


def check(site: Any, world: World) -> None:
    """Compare what was stored and told with what one that was never killed says."""
    steps = world.expected()
    query = "select rule, key, from_state, to_state from alert_transition order by id"
    stored = Counter((*row,) for row in site.rows(query))
    assert stored == Counter(
        (step.rule, step.key.text, step.from_state.value, step.to_state.value) for step in steps
    )
    messages = sum(1 for step in steps if step.message)
    alone: dict[str, set[bytes]] = {}
    groups: dict[str, set[bytes]] = {}
    for id_, _, body in site.hook.accepted:
        kind = groups if json.loads(body)["type"] == "alert.group" else alone
        kind.setdefault(id_, set()).add(body)
    assert len(alone) == messages, "each message came, under one id"
    assert all(len(bodies) == 1 for bodies in (*alone.values(), *groups.values()))
    states = site.rows(
        "select receiver, state, count(*) from outbox group by receiver, state order by 1, 2"
    )
    assert [tuple(row) for row in states] == [
        ("digest", "delivered", len(groups)),
        ("digest", "grouped", messages),
        ("ops", "delivered", messages),
    ]
    sent = {id_ for (id_,) in site.rows("select distinct message_id from outbox") if id_}
    assert sent == set(groups), "each member of a group went out with a message that came"


@pytest.mark.timeout(900)
def test_kills_at_commits_lose_and_double_nothing(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    kill_often(site, kit, redis_server, len(PLANS))


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_two_hundred_kills_at_commits_lose_and_double_nothing(
    site: Any, kit: Any, redis_server: EmbeddedRedis, capsys: pytest.CaptureFixture[str]
) -> None:
    found = kill_often(site, kit, redis_server, 208)
    told = len(site.hook.accepted)
    line = f"{site.database.dialect.name}: {dict(sorted(found.items()))}, {told} deliveries, " + (
        f"{len(set(site.hook.ids))} ids, {len(site.hook.refused)} refused first"
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")
    for kind in ("steps", "group", "settled"):
        assert found[f"before {kind}"], found
        assert found[f"after {kind}"], found
