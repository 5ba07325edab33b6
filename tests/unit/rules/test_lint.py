"""Valid rules that are mistakes all the same."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.rules.lint import Site, lint

CAMERAS = {f"lobby-{n}": {"floor": str(n % 2)} for n in range(6)}
HALF = [{"share": {"emotion": "angry", "over": "30s"}, "above": 0.5}]
EIGHT_HOURS = {"zone": "UTC", "times": ["mon 08:00-12:00", "mon 12:00-16:00"]}
FEW = {"faces": {"over": 5}, "at_most": 1}
MANY = {"faces": {"over": 5}, "above": 1}
GLANCE = [{"share": {"emotion": "angry", "over": "3s"}, "above": 0.5}]


def codes(rule: Any, *others: Any, site: Site | None = None) -> list[tuple[str, str, str]]:
    site = site or Site(CAMERAS)
    return [(f.level.value, f.code, f.part) for f in lint(rule, [rule, *others], site)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"when": HALF}, []),
        ({"when": [*HALF, {"not": HALF[0]}]}, [("error", "never-true", "when")]),
        (
            {"when": {"any": [FEW, MANY]}},
            [("error", "always-true", "when")],
        ),
        (
            {"for": "9h", "schedule": EIGHT_HOURS},
            [("error", "never-true", "for")],
        ),
        ({"for": "8h", "schedule": EIGHT_HOURS}, []),
        ({"for": "3d", "schedule": {"zone": "UTC", "times": ["00:00-24:00"]}}, []),
        ({"for": "500ms"}, [("warning", "for-below-interval", "for")]),
        ({"where": {"floor": "7"}}, [("error", "no-camera", "")]),
        ({"by": "track", "notify": ["ops"]}, [("warning", "storm", "by")]),
        ({"when": GLANCE, "notify": ["ops"]}, [("warning", "storm", "when")]),
        ({"when": GLANCE, "notify": ["ops"], "keep_firing_for": "1m"}, []),
        ({"when": GLANCE}, []),
        ({"no_data": "fire", "notify": ["ops"]}, [("warning", "storm", "no_data")]),
    ],
)  # fmt: skip
def test_findings(kit: Any, fields: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert codes(kit.rule(**{"when": HALF, **fields})) == expected


def test_a_mute_calms_a_storm_and_two_mutes_do_not_mix(kit: Any) -> None:
    rule = kit.rule(when=HALF, no_data="fire", notify=["ops"])
    muter = kit.rule(name="away", when=[{"health": "inference", "silent_for": 60}], mutes=["joy"])
    other = kit.rule(name="sorrow", when=HALF, mutes=["joy"])

    assert codes(rule, muter) == []
    assert codes(kit.rule(when=HALF, mutes=["sorrow"]), other) == [
        ("warning", "mutual-mute", "mutes")
    ]


def test_more_alerts_than_a_rule_may_have(kit: Any) -> None:
    site = Site({f"c{n}": {"n": str(n), "half": str(n // 2)} for n in range(10_001)})

    assert codes(kit.rule(when=HALF), site=site) == [("error", "too-many-keys", "by")]
    assert codes(kit.rule(when=HALF, by="site"), site=site) == []
    assert codes(kit.rule(when=HALF, by="label", label="half"), site=site) == []


def test_a_window_longer_than_history_is_kept(kit: Any) -> None:
    rule = kit.rule(when=HALF)

    assert codes(rule, site=Site(CAMERAS, retention_s=29)) == [
        ("error", "beyond-retention", "when")
    ]
    assert codes(rule, site=Site(CAMERAS, retention_s=30)) == []
