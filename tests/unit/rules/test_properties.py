"""What holds for every input."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveil.rules.logic import all_of, any_of

TRUTHS = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=5)
SCRIPTS = st.text(alphabet="hn.x ", min_size=1, max_size=60)
RULES = st.fixed_dictionaries(
    {
        "for": st.sampled_from([0, 2, 5]),
        "keep_firing_for": st.sampled_from([0, 3]),
        "no_data": st.sampled_from(["hold", "resolve", "fire"]),
        "by": st.sampled_from(["camera", "track", "site"]),
    }
)


@given(script=st.text(alphabet="x ", min_size=1, max_size=60), rule=RULES)
@settings(deadline=None)
def test_only_unknown_never_fires(kit: Any, script: str, rule: dict[str, Any]) -> None:
    mode = "hold" if rule["no_data"] == "fire" else rule["no_data"]
    stage = kit.stage(kit.rule(**{**rule, "no_data": mode})).play(script)

    assert stage.log == []


@given(script=SCRIPTS, rule=RULES)
@settings(deadline=None)
def test_every_step_is_one_the_states_allow(kit: Any, script: str, rule: dict[str, Any]) -> None:
    stage = kit.stage(kit.rule(**rule)).play(script)
    by_key: dict[str, list[Any]] = {}
    for step in stage.transitions:
        by_key.setdefault(step.key.text, []).append(step)

    for steps in by_key.values():
        for before, after in pairwise(steps):
            is_over = before.to_state == "resolved"
            assert after.from_state == ("inactive" if is_over else before.to_state)
            assert before.at <= after.at
        for step in steps:
            assert (step.from_state.value, step.to_state.value) in ALLOWED
            if step.to_state == "firing" and step.from_state == "pending":
                assert (step.at - step.since_at).total_seconds() >= rule["for"]
            if rule["for"]:
                assert (step.from_state, step.to_state) != ("inactive", "firing")


ALLOWED = {
    ("inactive", "pending"),
    ("inactive", "firing"),
    ("pending", "inactive"),
    ("pending", "firing"),
    ("firing", "recovering"),
    ("firing", "resolved"),
    ("recovering", "firing"),
    ("recovering", "resolved"),
}


@given(data=st.data(), script=st.text(alphabet="hn.x", min_size=1, max_size=40), rule=RULES)
@settings(deadline=None)
def test_order_of_arrival_and_duplicates_do_not_matter(
    kit: Any, data: st.DataObject, script: str, rule: dict[str, Any]
) -> None:
    names = {"h": "happy", "n": "neutral"}
    events = [
        kit.interval(s, *([(1, names[m])] if m in names else []), analysed=0 if m == "x" else 5)
        for s, m in enumerate(script)
    ]
    # Each event arrives up to 4 places late, and some arrive twice.
    delays = data.draw(st.lists(st.integers(0, 4), min_size=len(events), max_size=len(events)))
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    arrival = [
        event
        for _, event in sorted(
            zip(delays, events, strict=True), key=lambda pair: pair[0] + pair[1].seq
        )
    ]

    in_order = kit.stage(kit.rule(**rule)).see(*events)
    shuffled = kit.stage(kit.rule(**rule)).see(*arrival, *again)

    assert shuffled.transitions == in_order.transitions


@given(TRUTHS)
def test_kleene_logic_is_monotone_in_what_is_known(truths: list[bool | None]) -> None:
    """Whatever the unknown ones turn out to be, a known result stands."""
    for value in (True, False):
        settled = [value if truth is None else truth for truth in truths]
        assert all_of(truths) in (None, all_of(settled))
        assert any_of(truths) in (None, any_of(settled))
    assert any_of(truths) == _negate(all_of([_negate(truth) for truth in truths]))


def _negate(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
