"""What may be told and shown of a camera's people, as it stands in YAML."""

from __future__ import annotations

from surveil.policy import LiveView
from surveil.settings import Section


class Privacy(Section):
    """What may be told and shown of people; docs/privacy.md says what each protects."""

    live_view: LiveView = LiveView.OFF
    """What the dashboard shows of the picture: off, blurred (faces made unrecognisable) or
    clear."""
