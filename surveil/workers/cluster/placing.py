"""Which host takes which camera. Pure.

A camera stays where it is as long as that host lives, takes cameras and bears the labels that the
camera asks for. Others go, busiest first, to the host that is then the least loaded for its
capacity. ``evenly`` moves cameras besides, each for a smaller greatest load, until no move does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Need:
    """What a camera asks of a host: sampled frames a second, and labels it must bear."""

    load_fps: float
    on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a host offers; ``is_open``: it lives and may be given cameras."""

    capacity_fps: float
    labels: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = True


@dataclass(frozen=True)
class Plan:
    """Where cameras are to be.

    Attributes:
        placed: Host by camera; a camera that no open host may take stays where it was.
        moved: Those of it that change.
        homeless: Cameras that no open host may take.
        gone: Cameras with a place that the fleet no longer has.
    """

    placed: dict[str, str]
    moved: dict[str, str]
    homeless: frozenset[str]
    gone: frozenset[str]


def plan_cameras(
    needs: Mapping[str, Need],
    offers: Mapping[str, Offer],
    now: Mapping[str, str],
    *,
    evenly: bool = False,
) -> Plan:
    """Return where each camera is to be, the same for the same arguments.

    Args:
        needs: By camera.
        offers: By host.
        now: Where cameras are, by the last plan.
        evenly: Move cameras that could stay, too, where that lightens the most loaded host.
    """
    loads = dict.fromkeys((name for name, one in offers.items() if one.is_open), 0.0)
    placed: dict[str, str] = {}
    for camera, host in now.items():
        if camera in needs and host in loads and fits(needs[camera], offers[host]):
            placed[camera] = host
            loads[host] += needs[camera].load_fps
    homeless: set[str] = set()
    for camera in sorted(needs.keys() - placed.keys(), key=lambda c: (-needs[c].load_fps, c)):
        need = needs[camera]
        hosts = [host for host in loads if fits(need, offers[host])]
        if hosts:
            host = min(hosts, key=lambda h: (_share(loads[h] + need.load_fps, offers[h]), h))
            placed[camera] = host
            loads[host] += need.load_fps
        else:
            homeless.add(camera)
    if evenly:
        _even_out(needs, offers, placed, loads)
    moved = {camera: host for camera, host in placed.items() if now.get(camera) != host}
    stays = {camera: now[camera] for camera in homeless if camera in now}
    return Plan(placed | stays, moved, frozenset(homeless), frozenset(now.keys() - needs.keys()))


def fits(need: Need, offer: Offer) -> bool:
    """Return whether a host bears all labels that a camera asks for."""
    return all(offer.labels.get(key) == value for key, value in need.on.items())


def _share(load_fps: float, offer: Offer) -> float:
    return load_fps / max(offer.capacity_fps, SLACK)


def _even_out(
    needs: Mapping[str, Need],
    offers: Mapping[str, Offer],
    placed: dict[str, str],
    loads: dict[str, float],
) -> None:
    """Move one camera after the other off the most loaded host for which that helps."""
    for _ in range(len(placed)):
        best: tuple[float, str, str] | None = None
        for host in sorted(loads, key=lambda h: (-_share(loads[h], offers[h]), h)):
            own = [camera for camera, at in placed.items() if at == host]
            moves = [
                (_share(loads[other] + needs[camera].load_fps, offers[other]), camera, other)
                for camera in own
                for other in loads
                if other != host and fits(needs[camera], offers[other])
            ]
            best = min(moves, default=None)
            if best is not None and best[0] < _share(loads[host], offers[host]) - SLACK:
                _, camera, other = best
                placed[camera] = other
                loads[host] -= needs[camera].load_fps
                loads[other] += needs[camera].load_fps
                break
            best = None
        if best is None:
            return
