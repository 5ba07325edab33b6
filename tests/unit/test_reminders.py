"""A trouble that goes on is told at once, then hourly."""

from __future__ import annotations

from surveil.reminders import EVERY_S, Reminder


def test_told_once_then_hourly_then_anew() -> None:
    now_s = [100.0]
    reminder = Reminder(lambda: now_s[0])
    assert not reminder.end()
    assert [reminder.is_due() for _ in range(50)] == [True] + [False] * 49
    now_s[0] += EVERY_S - 1
    assert not reminder.is_due()
    now_s[0] += 1
    assert reminder.is_due()
    assert reminder.tries == 52
    assert not reminder.is_due()
    assert reminder.end()
    assert not reminder.is_on
    assert reminder.is_due()
