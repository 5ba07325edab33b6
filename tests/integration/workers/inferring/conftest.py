"""Cameras and the fleet of the tests of this folder."""

from kit.inferring import bell, door, fleet, lobby

__all__ = ["bell", "door", "fleet", "lobby"]
