"""Scraping and alerts, by Prometheus' own tool."""

from __future__ import annotations

import re

import yaml
from kit.tools import DEPLOY, output, tool

from surveil.workers.host.metrics import BY_NAME

FOLDER = DEPLOY / "prometheus"


def test_prometheus_accepts_configuration_and_rules() -> None:
    assert "15 rules found" in output(
        [tool("promtool"), "check", "config", "prometheus.yml"], cwd=FOLDER
    )


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    output([tool("promtool"), "test", "rules", "alerts.test.yml"], cwd=FOLDER)
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"][0][
        "rules"
    ]
    tests = (FOLDER / "alerts.test.yml").read_text(encoding="utf-8")
    quiet = tests.partition("- name: each trouble")[0]
    for rule in rules:
        for metric in re.findall(r"surveil_[a-z_]+|up\b", rule["expr"]):
            assert f"'{metric}{{" in quiet, f"{rule['alert']} is not shown to stay quiet"
    fired = set(re.findall(r'\'\{alertname="(\w+)"\}\', value: 1', tests))
    assert {rule["alert"] for rule in rules} == fired


def test_alerts_are_about_metrics_that_exist() -> None:
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"surveil_([a-z_]+)", text))
    assert named
    assert {name.removesuffix("_bucket") for name in named} <= set(BY_NAME)
