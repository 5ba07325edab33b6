"""What may be told of a camera. Pure: an event in, an event out, before anything is written."""

from surveil.policy.privacy import INDIVIDUAL, LiveView, Policy, apply

__all__ = ["INDIVIDUAL", "LiveView", "Policy", "apply"]
