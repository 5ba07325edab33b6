"""What stands beside the kind of a receiver: groups, repetitions, ends."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from surveil.config import Receiver


def test_defaults_of_a_group() -> None:
    receiver = Receiver.model_validate({"log": None, "group_by": ["rule"], "repeat_every": "4h"})
    assert (receiver.wait_s, receiver.interval_s, receiver.repeat_every) == (10, 60, 14400)
    assert receiver.send_resolved
    again = Receiver.model_validate(receiver.model_dump(mode="json"))
    assert again == receiver


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"wait": "5s"}, "wait and interval go with group_by"),
        ({"group_by": ["a b"]}, "group_by: rule, camera, key or the name of a label"),
        ({"group_by": list("abcdef")}, "at most 5"),
        ({"repeat_every": "5s"}, "greater than or equal to 60"),
        ({"group_by": [], "wait": "2h"}, "less than or equal to 3600"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Receiver.model_validate({"log": {}, **fields})
