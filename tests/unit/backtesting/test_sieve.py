"""What is left out is little enough to be quick, and never what matters."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from surveil.backtesting.sieve import Sieve
from surveil.rules.model import Rule
from surveil.store.engine import writing
from surveil.store.tables import observation

WHEN = {"share": {"emotion": "angry", "over": "10s"}, "above": 0.6, "clear_below": 0.5}
ANGER = Rule.model_validate({"name": "anger", "when": [WHEN]})
SCRIPT = "nobody x 5m; 1 angry + 3 neutral x 60s; 1 angry x 40s; 2 neutral x 5m"


def times_of(history: Any, rule: Rule = ANGER) -> Any:
    sieve = Sieve(history.database, ["lobby"], history.span(), (rule,))
    (times,) = sieve.times([(rule,)], 0, history.span().length_s)
    return times


def test_seconds_alone_matter_in_which_the_share_can_be_reached(make_history: Any) -> None:
    """At the first votes of all it is open which of them a window holds."""
    matters = times_of(make_history({"lobby": SCRIPT})).matters

    assert matters[365:400].all()
    assert not matters[180:300].any()
    assert not matters[320:360].any()
    assert not matters[420:].any()


def test_hysteresis_forgets_where_the_share_is_surely_below_its_bound(make_history: Any) -> None:
    forgets = times_of(make_history({"lobby": SCRIPT})).forgets

    assert forgets[180:300].all()
    assert forgets[320:360].all()
    assert forgets[430:480].all()
    assert not forgets[366:400].any()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_rows_that_are_gone_do_not_hide_what_the_minutes_say(
    make_history: Any, share: float
) -> None:
    """Crowds have no single faces, and retention deletes these before the sums."""
    history = make_history({"lobby": SCRIPT})
    with writing(history.database) as connection:
        gone = observation.c.seq % round(1 / share) == 0
        connection.execute(sa.delete(observation).where(gone))

    assert times_of(history).matters[360:420].all()
    assert history.replay([ANGER]) == history.replay([ANGER], spares=False)


def test_time_that_was_not_watched_is_left_to_the_minutes(make_history: Any) -> None:
    history = make_history({"lobby": "1 neutral x 3m; offline x 20s; 1 angry x 5s; 1 sad x 4m"})

    assert times_of(history).matters[190:240].all()
    assert history.replay([ANGER]) == history.live([ANGER])
