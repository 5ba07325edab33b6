"""Telling people about alerts."""

from surveil.notify.courier import Courier, Outbox, Owed, Settlement
from surveil.notify.log import LogReceiver
from surveil.notify.receiver import Attempt, Notice, Outcome, Receiver

__all__ = [
    "Attempt",
    "Courier",
    "LogReceiver",
    "Notice",
    "Outbox",
    "Outcome",
    "Owed",
    "Receiver",
    "Settlement",
]
