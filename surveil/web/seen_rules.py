"""The rules of a fleet, as far as a viewer may know of them."""

from __future__ import annotations

from surveil.config.schema import Fleet
from surveil.rules.model import Rule
from surveil.store.scope import Scope


def seen_rules(fleet: Fleet, scope: Scope) -> list[tuple[Rule, list[str]]]:
    """Return the rules about cameras of a scope, each with those cameras, in their order.

    To whoever may not see all cameras a rule names those that they may see alone, in place of the
    patterns, exceptions and labels by which it was written.
    """
    found = []
    for rule in fleet.rules:
        cameras = [
            id_
            for id_, camera in fleet.cameras.items()
            if scope.sees(id_) and rule.matches(id_, camera.labels)
        ]
        if scope.cameras is None:
            found.append((rule, cameras))
        elif cameras:
            narrow = {"cameras": tuple(cameras), "except_": (), "where": {}}
            found.append((rule.model_copy(update=narrow), cameras))
    return found
