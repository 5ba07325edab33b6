"""Divide rules and cameras into parts that can be replayed without each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from surveil.rules.model import Rule


@dataclass(frozen=True, slots=True)
class Shard:
    """Some rules over some cameras.

    Attributes:
        rules: To replay.
        cameras: Ids.
        is_inference_watched: Whether a rule, perhaps of another part, tells when inference does not
            speak of these cameras, so that their silence is not their own.
    """

    rules: tuple[Rule, ...]
    cameras: tuple[str, ...]
    is_inference_watched: bool


def divide(rules: Sequence[Rule], cameras: Mapping[str, Mapping[str, str]]) -> tuple[Shard, ...]:
    """Return the parts: each camera with its own rules, and each group of a rule by site or label.

    Args:
        rules: With distinct names.
        cameras: Labels by id.
    """
    watched = {
        id_
        for rule in rules
        if any(condition.watches_inference for condition in rule.conditions)
        for id_, labels in cameras.items()
        if rule.matches(id_, labels)
    }
    shards = []
    for id_, labels in cameras.items():
        mine = tuple(
            rule for rule in rules if not rule.by.spans_cameras and rule.matches(id_, labels)
        )
        if mine:
            shards.append(Shard(mine, (id_,), id_ in watched))
    for rule in rules:
        if not rule.by.spans_cameras:
            continue
        groups: dict[str, list[str]] = {}
        for id_, labels in cameras.items():
            if rule.matches(id_, labels):
                groups.setdefault(labels[rule.label] if rule.label else "", []).append(id_)
        for ids in groups.values():
            shards.append(Shard((rule,), tuple(ids), any(id_ in watched for id_ in ids)))
    return tuple(shards)


def apart(rules: Sequence[Rule]) -> list[tuple[Rule, ...]]:
    """Return the rules that must be replayed together, in groups: those that mute each other."""
    groups: list[tuple[Rule, ...]] = []
    for rule in rules:
        bound = [group for group in groups if any(_mutes(rule, other) for other in group)]
        groups = [group for group in groups if group not in bound]
        groups.append((*(other for group in bound for other in group), rule))
    return groups


def _mutes(one: Rule, other: Rule) -> bool:
    """Return whether one of two rules mutes the other."""
    return any(fnmatchcase(other.name, glob) for glob in one.mutes) or any(
        fnmatchcase(one.name, glob) for glob in other.mutes
    )
