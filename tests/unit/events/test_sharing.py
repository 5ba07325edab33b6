"""How recorders divide the partitions; the part that needs a server is an integration test."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from surveil.events.sharing import share_out

readers_st = st.sets(st.text("abcdef@:/0123", min_size=1, max_size=8), min_size=1, max_size=12)


@given(st.integers(1, 32), readers_st)
def test_each_partition_has_one_reader_and_readers_have_alike(
    partitions: int, readers: set[str]
) -> None:
    shares = share_out(partitions, readers)
    assert shares.keys() == readers
    assert sorted(p for own in shares.values() for p in own) == list(range(partitions))
    counts = [len(own) for own in shares.values()]
    assert max(counts) - min(counts) <= 1


@given(st.integers(1, 32), readers_st)
def test_who_asks_and_in_which_order_does_not_matter(partitions: int, readers: set[str]) -> None:
    shares = share_out(partitions, sorted(readers))
    assert shares == share_out(partitions, sorted(readers, reverse=True))


def test_nobody_reads_nothing() -> None:
    assert share_out(3, ()) == {}


def test_a_reader_more_moves_few() -> None:
    before = share_out(64, ["a", "b", "c"])
    after = share_out(64, ["a", "b", "c", "d"])
    moved = sum(len(own - before.get(name, frozenset())) for name, own in after.items())
    assert moved < 64 / 2
