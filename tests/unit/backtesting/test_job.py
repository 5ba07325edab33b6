"""A test of a rule in a process of its own: its answer, its failures, its end."""

from __future__ import annotations

from typing import Any

from surveil.backtesting.job import Job, Task
from surveil.rules.model import Rule

RULE = Rule.model_validate(
    {"name": "anger", "when": [{"share": {"emotion": "angry", "over": "10s"}, "above": 0.6}]}
)
LONG_S = 300.0


def task_of(history: Any, **more: Any) -> Task:
    given = {
        "url": history.database.url.render_as_string(hide_password=False),
        "rule": RULE,
        "cameras": history.cameras,
        "sees_all": True,
        "span": history.span(),
    }
    return Task(**given | more)


def test_a_task_comes_back_from_its_line(make_history: Any) -> None:
    task = task_of(make_history({"lobby": "nobody x 1m"}))
    read = Task.from_json(task.to_json())

    assert (read.url, read.rule, read.cameras) == (task.url, task.rule, task.cameras)
    assert (read.span.from_at, read.span.until_at) == (task.span.from_at, task.span.until_at)


def test_what_it_finds_is_what_the_daemon_did(make_history: Any) -> None:
    history = make_history({"lobby": "1 neutral x 1m; 1 angry x 30s; 1 sad x 2m"})
    job = Job(task_of(history), LONG_S)

    assert job.wait(LONG_S)
    assert job.failure == ""
    assert job.done == 1.0
    assert job.found is not None
    assert (job.found.firings, list(job.found.by_key), job.found.new) == (1, ["lobby"], 1)


def test_why_it_failed_is_told(make_history: Any) -> None:
    job = Job(
        task_of(make_history({"lobby": "nobody x 1m"}), url="sqlite:////nowhere/x.db"), LONG_S
    )

    assert job.wait(LONG_S)
    assert job.found is None
    assert "/nowhere/x.db" in job.failure


def test_it_can_be_stopped_and_is_stopped_when_it_takes_too_long(make_history: Any) -> None:
    history = make_history({"lobby": "nobody x 1m"})
    job = Job(task_of(history), LONG_S)
    job.stop()

    assert job.wait(LONG_S)
    assert (job.found, job.failure) == (None, "it was stopped")

    job = Job(task_of(history), 0.01)
    assert job.wait(LONG_S)
    assert (job.found, job.failure) == (None, "it took longer than 0.01 s")
