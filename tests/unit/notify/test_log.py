from __future__ import annotations

from datetime import UTC, datetime

from structlog.testing import capture_logs

from surveil.notify import LogReceiver, Notice, Outcome


def test_writes_one_line_for_each_message() -> None:
    data = {
        "rule": "joy",
        "key": "lobby",
        "value": 0.7,
        "labels": {"severity": "info"},
        "annotations": {"summary": "lobby: 70% happy"},
    }
    notice = Notice("msg_1", {"type": "alert.firing", "timestamp": "", "data": data})
    with capture_logs() as lines:
        attempt = LogReceiver().deliver(notice, datetime.now(UTC))

    assert attempt.outcome is Outcome.DELIVERED
    (line,) = lines
    assert (line["event"], line["rule"], line["message_id"]) == ("alert.firing", "joy", "msg_1")
    assert line["annotation_summary"] == "lobby: 70% happy"
