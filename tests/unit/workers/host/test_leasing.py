"""A host's leases: held from before they were asked for, and over when nobody prolongs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from kit.servers import PostgresServer
from kit.waiting import until
from sqlalchemy.engine import make_url

from surveil.store.engine import Connection
from surveil.workers.host.lease_board import LeaseBoard, boot_s
from surveil.workers.host.leasing import LeaseKeeper, Wish

TTL_S = 3.0


class Host:
    """A keeper whose wish the test sets."""

    def __init__(self, url: str, name: str) -> None:
        self.wanted: set[str] = set()
        self.keeper = LeaseKeeper(url, name, TTL_S, self._wish, self._look)

    def _wish(self, _: Connection) -> Wish:
        return Wish(set(self.wanted))

    def _look(self, _: Connection) -> set[str]:
        return set(self.wanted)


@pytest.fixture
def hosts(postgres_url: str) -> Iterator[tuple[Host, Host]]:
    pair = Host(postgres_url, "a"), Host(postgres_url, "b")
    yield pair
    for host in pair:
        host.keeper.stop()


def test_what_is_let_go_is_another_hosts_at_once(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.wanted = two.wanted = {"x"}
    one.keeper.turn()
    two.keeper.turn()
    assert (one.keeper.holds("x"), two.keeper.holds("x")) == (True, False)
    one.wanted = set()
    one.keeper.turn()
    assert one.keeper.holds("x")  # until its owner says that nothing speaks for it any more
    one.keeper.let_go("x", 1)
    one.keeper.turn()
    two.keeper.turn()
    assert (one.keeper.holds("x"), two.keeper.holds("x")) == (False, True)
    held = two.keeper.standing.held["x"]
    assert (held.token, held.is_host_lost) == (2, False)


def test_a_host_that_cannot_reach_sql_stops_before_another_can_begin(
    postgres_server: PostgresServer, hosts: tuple[Host, Host], postgres_url: str
) -> None:
    one, two = hosts
    one.wanted = two.wanted = {"x"}
    one.keeper.start()
    until(lambda: one.keeper.holds("x"), "the lease")
    name = str(make_url(postgres_url).database)
    postgres_server.refuse(name)
    try:
        until(lambda: not one.keeper.holds("x"), "its end")
        assert one.keeper.standing.errors > 0
    finally:
        postgres_server.accept(name)
    one.wanted = set()

    def succeed() -> bool:
        two.keeper.turn()
        return two.keeper.holds("x")

    until(succeed, "a successor")
    assert two.keeper.standing.held["x"].is_host_lost
    until(lambda: not one.keeper.standing.held, "that it was lost is known")
    assert one.keeper.standing.losses == 1


def test_between_rounds_only_what_can_be_taken_or_given_is_news(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.wanted = two.wanted = {"x"}
    assert one.keeper.has_news()  # wanted since
    one.keeper.turn()
    two.keeper.turn()
    assert not one.keeper.has_news()
    assert not two.keeper.has_news()  # another holds it
    two.wanted = {"x", "y"}
    assert two.keeper.has_news()
    two.keeper.turn()
    assert not two.keeper.has_news()
    two.wanted = {"x"}
    assert two.keeper.has_news()
    two.keeper.turn()
    one.keeper.let_go("x", 1)
    one.wanted = set()
    one.keeper.turn()
    assert two.keeper.has_news()  # it is free
    two.keeper.turn()
    assert (two.keeper.holds("x"), two.keeper.has_news()) == (True, False)


def test_a_board_says_until_when_a_worker_may_speak() -> None:
    board = LeaseBoard.create(["x", "y"])
    reader = LeaseBoard(os.dup(board.fd), ["x", "y"])
    assert not reader.holds("y")
    board.put("y", boot_s() + 60)
    assert (reader.holds("x"), reader.holds("y")) == (False, True)
    board.put("y", boot_s() - 0.001)
    assert not reader.holds("y")
    reader.close()
    board.close()
