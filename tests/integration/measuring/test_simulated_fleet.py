"""The simulation of a spread fleet, small: whole after a node was lost, and told in full."""

from __future__ import annotations

from surveil.measuring.simulated_fleet import Simulation, simulate_fleet


def test_a_small_fleet_loses_a_node_and_nothing_else(empty_postgres_url: str) -> None:
    plan = Simulation(cameras=6, nodes=3, faces=1, seconds=2, partitions=2, ttl_s=3)
    report = simulate_fleet(empty_postgres_url, plan)  # it proves what is stored by itself
    assert [row["stage"] for row in report.rows] == [
        *("nodes, all", "redis", "recorder", "alerter", "postgres, all")
    ]
    words = " ".join(report.notes)
    assert "A node with 2 cameras lost" in words
    assert "lost, 0 twice" in words
    assert "Bends first: " in words
