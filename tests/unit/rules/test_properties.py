"""What holds for every input."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveil.policy import INDIVIDUAL, Policy, apply
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


GROUPS = Policy(keeps_tracks=False, min_group=5)
POLICIES = {"hall": GROUPS, "stairs": GROUPS, "desk": INDIVIDUAL}
FLOORS = {"hall": {"floor": "1"}, "stairs": {"floor": "1"}, "desk": {"floor": "2"}}
POOLING = ({"by": "site"}, {"by": "label", "label": "floor"})
SHOWN = st.sampled_from(["happy", "sad", "angry"])
MOMENTS = st.fixed_dictionaries(
    {
        "hall": st.lists(SHOWN, max_size=8),
        "stairs": st.lists(SHOWN, max_size=8),
        "desk": st.lists(SHOWN, max_size=2),
    }
)


def pooled(kit: Any, moments: list[dict[str, list[str]]], cameras: tuple[str, ...]) -> list[Any]:
    """Return what rules over several cameras say of what left inference."""
    asked = [
        ("faces", {"faces": {"over": "1s"}, "at_least": 5}),
        ("longer", {"faces": {"over": "4s"}, "at_least": 5}),
        ("sad", {"faces": {"over": "1s", "emotion": "sad"}, "at_least": 5}),
        ("share", {"share": {"emotion": "happy", "over": "2s"}, "above": 0.4}),
        ("sure", {"share": {"emotion": "happy", "over": "2s", "min_faces": 2}, "above": 0.1}),
        ("mean", {"mean": {"emotion": "sad", "over": "2s"}, "above": 0.3}),
    ]
    rules = [
        kit.rule(name=f"{name}-{by['by']}", when=[when], cameras=list(cameras), **by)
        for name, when in asked
        for by in POOLING
    ]
    stage = kit.stage(*rules, cameras=cameras, labels=FLOORS)
    for second, moment in enumerate(moments):
        for camera in cameras:
            faces = tuple(enumerate(moment[camera], 1))
            event = kit.interval(second, *faces, camera=camera, run=f"R-{camera}")
            stage.see(apply(event, POLICIES[camera]))
    return list(stage.transitions)


@given(moments=st.lists(MOMENTS, min_size=1, max_size=25))
@settings(deadline=None, max_examples=60)
def test_rules_over_cameras_say_of_too_few_what_they_say_of_nobody(
    kit: Any, moments: list[dict[str, list[str]]]
) -> None:
    """Whoever takes the answers for people too few from those for an empty place gets nothing."""
    emptied = [
        {id_: [] if id_ != "desk" and len(one) < 5 else one for id_, one in moment.items()}
        for moment in moments
    ]
    assert pooled(kit, moments, tuple(POLICIES)) == pooled(kit, emptied, tuple(POLICIES))
    for step in pooled(kit, moments, ("hall", "stairs")):
        if step.rule == "faces-site" and step.to_state == "firing":
            second = int((step.at - kit.at(0)).total_seconds()) - 1
            hall, stairs = (len(moments[second][camera]) for camera in ("hall", "stairs"))
            told = [count if count >= 5 else 0 for count in (hall, stairs)]
            assert step.value in (sum(told), told[0])  # the first came before the second was known


def test_lone_people_of_many_cameras_are_no_group(kit: Any) -> None:
    """Four in each of two places are eight of a site, and nobody may be told of."""
    alone = {"hall": ["sad"] * 4, "stairs": ["happy"] * 4, "desk": []}
    assert pooled(kit, [alone] * 600, ("hall", "stairs")) == []
