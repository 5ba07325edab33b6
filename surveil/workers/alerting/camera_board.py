"""The board that couriers read, as a fleet has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from surveil.config import Fleet
from surveil.notify.board import SITE, Board
from surveil.rules.instance import LIT, Instance
from surveil.rules.model import Rule


def board_of(fleet: Fleet) -> Board:
    """Return a board of the cameras that are watched, with the rules about each."""
    board = Board([id_ for id_, camera in fleet.cameras.items() if camera.enabled])
    show_rules(board, fleet, fleet.rules)
    return board


def show_rules(board: Board, fleet: Fleet, rules: Iterable[Rule]) -> None:
    """Say which rules there are now."""
    named: dict[str, dict[str, Collection[str]]] = {}
    for rule in rules:
        if rule.by.spans_cameras:
            named.setdefault(SITE, {})[rule.name] = rule.notify
            continue
        for id_, camera in fleet.cameras.items():
            if camera.enabled and rule.matches(id_, camera.labels):
                named.setdefault(id_, {})[rule.name] = rule.notify
    board.set_rules(named)


def show_lit(board: Board, alerts: Iterable[Instance]) -> None:
    """Say which alerts fire now."""
    board.show_lit(
        {(alert.key.camera or SITE, alert.rule.name) for alert in alerts if alert.state in LIT}
    )
