"""An alerter that is killed again and again tells the same as one that is not."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import pytest

from surveil.events.embedded import EmbeddedRedis
from surveil.rules import RuleEngine

RULES = [
    {
        "name": "joy",
        "when": [{"share": {"emotion": "happy", "over": "3s"}, "above": 0.5}],
        "for": "1s",
        "notify": ["ops"],
    },
    {
        "name": "smile",
        "by": "track",
        "when": [{"mean": {"emotion": "happy", "over": "2s"}, "above": 0.5, "clear_below": 0.2}],
        "keep_firing_for": "2s",
        "notify": ["ops"],
    },
]
ROUNDS = ("hhhhnnnnhhh", "hhnnn.hhhhh", "nnnnnhhaahh", "hhhh....nnn", "nhhhhhnnnnn")
"""Short, so that no event lies too far in the future to be taken."""


@pytest.mark.timeout(600)  # five processes are started, each of which imports for a while
def test_killed_alerter_neither_repeats_nor_forgets(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    fleet = site.configure(redis_server.url, rules=RULES)
    site.hook.refuses = 5
    chance = random.Random(7)
    script = kit.script()
    published = []
    for number, marks in enumerate(ROUNDS, 1):
        process = site.start()
        script.jump_ahead()
        try:
            for mark in marks:
                events = script.play(mark)
                published += events
                site.publish(events)
            # Killed once something was told, or once something was committed: between an answer
            # and its receipt, or between a commit and its acknowledgement, as it happens.
            told, known = len(site.hook.accepted), _count(site)
            if number == len(ROUNDS):
                kit.until(lambda: site.is_settled)
            elif number % 2:
                kit.until(lambda told=told: len(site.hook.accepted) > told)
            else:
                kit.until(lambda known=known: _count(site) > known)
                time.sleep(chance.random() * 0.05)
            assert process.poll() is None, "it ended by itself"
        finally:
            process.kill()
            process.wait()

    oracle = RuleEngine(fleet.rules, ["lobby"], start_at=script.start_at)
    expected = [step for event in published for step in oracle.observe(event)]
    stored = site.rows("select rule, from_state, to_state from alert_transition order by id")
    assert [tuple(row) for row in stored] == [
        (step.rule, step.from_state.value, step.to_state.value) for step in expected
    ]
    assert len(expected) > 20

    messages = [step.message for step in expected if step.message]
    assert len(set(site.hook.ids)) == len(messages)
    assert Counter(site.rows("select state from outbox")) == {("delivered",): len(messages)}
    bodies: dict[str, set[bytes]] = {}
    for id_, _, body in site.hook.accepted:
        bodies.setdefault(id_, set()).add(body)
    assert {id_: same for id_, same in bodies.items() if len(same) > 1} == {}
    # Refused ones came again under the same id; a kill between answer and receipt repeats one.
    assert set(site.hook.refused) <= set(site.hook.ids)
    assert len(site.hook.ids) - len(bodies) < len(ROUNDS)


def _count(site: Any) -> int:
    return len(site.rows("select 1 from alert_transition"))
