"""What stays together is in one split."""

from __future__ import annotations

from surveil.training.collect.units import Member, splits_of
from surveil.training.data.custom import SplitRule

RULE = SplitRule(test_percent=40, validation_percent=20)


def test_people_videos_and_copies_stay_together() -> None:
    members = [
        *[Member(f"{n}", person=f"person {n % 20}") for n in range(60)],
        *[Member(f"v{n}", video=f"clip {n % 5}") for n in range(25)],
        *[Member(f"c{n}") for n in range(40)],
    ]
    copies = [(85 + n, 105 + n) for n in range(20)]
    splits = splits_of(members, copies, RULE)
    assert len(set(splits)) == 3
    for first, second in [*copies, *[(n, n + 20) for n in range(40)], *[(60, 65), (61, 66)]]:
        assert splits[first] is splits[second]


def test_a_copy_joins_two_people() -> None:
    members = [Member("a", "anna"), Member("b", "bert"), Member("c", "bert"), Member("d", "cleo")]
    for names in ({"anna", "bert"}, {"bert", "cleo"}):
        pair = tuple(i for i, member in enumerate(members) if member.person in names)
        splits = splits_of(members, [(pair[0], pair[-1])], RULE)
        assert len({splits[index] for index in pair}) == 1


def test_a_person_is_split_as_by_the_rule_alone() -> None:
    people = [f"p{n}" for n in range(50)]
    splits = splits_of([Member(p, p) for p in people], [], RULE)
    assert splits == [RULE.split_of(person) for person in people]


def test_order_does_not_matter() -> None:
    members = [Member(f"{n}") for n in range(30)]
    forward = splits_of(members, [(0, 29)], RULE)
    assert splits_of(members[::-1], [(29, 0)], RULE) == forward[::-1]
    assert splits_of([], [], RULE) == []
