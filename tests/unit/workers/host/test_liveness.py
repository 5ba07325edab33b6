"""The last promise is the deadline; loading has its own until the first *ready*."""

from __future__ import annotations

from surveil.workers.host.liveness import SLACK_S, Liveness, Patience

PATIENCE = Patience(answer_s=5.0, loading_s=300.0)


def test_a_worker_that_has_not_said_a_word_has_the_time_of_loading() -> None:
    live = Liveness(PATIENCE, 100.0)
    assert not live.is_overdue(399.0)
    assert live.is_overdue(401.0)


def test_a_short_promise_does_not_take_the_time_of_loading_away() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(1.0, 5.0, "importing", is_ready=False)
    assert not live.is_overdue(299.0)
    assert live.is_overdue(301.0)


def test_the_time_of_loading_ends_with_the_first_ready_for_good() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(10.0, 5.0, "working", is_ready=True)
    live.hear(11.0, 5.0, "waiting for Redis", is_ready=False)
    assert not live.is_overdue(11.0 + 5.0 + SLACK_S)
    assert live.is_overdue(18.1)


def test_a_loading_promise_is_held_to_its_end_and_no_longer() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(200.0, 300.0, "loading the model", is_ready=False)
    assert not live.is_overdue(500.0)
    assert live.is_overdue(502.1)


def test_an_answer_may_take_its_time_whatever_was_promised() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(10.0, 0.0, "working", is_ready=True)
    assert not live.is_overdue(15.0)
    assert live.is_overdue(15.1)


def test_time_in_which_nobody_listened_is_no_silence() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(10.0, 5.0, "working", is_ready=True)
    live.excuse(3600.0)
    assert not live.is_overdue(3615.0)
    assert live.is_overdue(3618.0)


def test_a_worker_that_says_it_is_broken_has_no_time_left() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(10.0, 60.0, "working", is_ready=True)
    live.break_promise("without its thread publisher, which ended")
    assert live.is_overdue(10.0)
    assert "publisher" in live.doing


def test_a_worker_that_gets_on_with_loading_is_waited_for_beyond_its_time() -> None:
    live = Liveness(PATIENCE, 0.0)
    for now in range(0, 1200, 50):
        live.see_work(now, now / 20)
        assert not live.is_overdue(now)
    assert not live.is_overdue(1150 + PATIENCE.idle_s)
    assert live.is_overdue(1151 + PATIENCE.idle_s)  # stuck since 1150 s


def test_a_worker_that_loads_for_ever_is_not_waited_for() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.see_work(1799, 900)
    assert not live.is_overdue(1800)
    live.see_work(1801, 1000)
    assert live.is_overdue(1801)


def test_once_it_was_ready_work_is_no_word() -> None:
    live = Liveness(PATIENCE, 0.0)
    live.hear(10.0, 5.0, "working", is_ready=True)
    live.see_work(17.0, 100.0)
    assert live.is_overdue(18.0)


def test_the_threads_beside_a_stuck_import_are_not_taken_for_loading() -> None:
    live = Liveness(PATIENCE, 0.0)
    for now in range(0, 300, 10):
        live.see_work(now, now / 600)
    assert not live.is_overdue(300.0)
    assert live.is_overdue(301.0)


def test_the_time_it_was_given_is_counted_from_its_last_word() -> None:
    live = Liveness(PATIENCE, 100.0)
    assert live.limit_s() == 300.0
    live.hear(110.0, 9.0, "working", is_ready=True)
    assert live.limit_s() == 9.0 + SLACK_S
