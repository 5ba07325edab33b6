"""What things may be called, in a fleet file as in an event that anybody may have written."""

from __future__ import annotations

import re

CAMERA_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Ids of cameras: fit for URLs, labels of metrics and names of files."""
