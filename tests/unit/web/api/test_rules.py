"""Rules and models by the API."""

from __future__ import annotations

from kit.web import MINE, OTHER, Dashboard, fill

from surveil.rules.model import Rule
from surveil.store.access import Role
from surveil.web.site import Site


def rule(name: str, *cameras: str) -> Rule:
    when = [{"health": "camera", "silent_for": "15s"}]
    return Rule.model_validate({"name": name, "cameras": list(cameras), "when": when})


def give(site: Site, *rules: Rule) -> None:
    site.fleet = site.fleet.model_copy(update={"rules": rules})


def test_rules_are_about_ones_cameras_alone(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    give(dashboard.site, rule("joy", MINE, OTHER), rule("secret", OTHER))
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    (one,) = client.get("/api/v1/rules").json()
    assert (one["name"], one["cameras"]) == ("joy", [MINE])
    assert one["quality"]["fired"] == 1
    every = dashboard.client(dashboard.key(name="all")).get("/api/v1/rules").json()
    assert [one["name"] for one in every] == ["joy", "secret"]
    assert every[0]["quality"]["fired"] == 3


def test_models_are_compared_as_by_the_command(sqlite_dashboard: Dashboard) -> None:
    answer = sqlite_dashboard.client(sqlite_dashboard.key()).get("/api/v1/models").json()
    assert answer["serving"] == "emotion-resnet18"
    assert any(row["model"].startswith("emotion-resnet18") for row in answer["rows"])
