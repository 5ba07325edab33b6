"""The models' files are read once, however often somebody asks."""

from __future__ import annotations

import pytest
from kit.web import Dashboard

import surveil.web.models as models
from surveil.web.models import known_models, serving_model


def test_files_are_read_once(sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_models()

    def read_again(*_: object) -> object:
        raise AssertionError("the files were read again")

    monkeypatch.setattr(models, "find_records", read_again)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    assert client.get("/models").status_code == 200
    told = client.get("/api/v1/models").json()
    assert len({row["model"] for row in told["rows"]}) == len(known.records)
    assert told["serving"] == serving_model(sqlite_dashboard.site.fleet)
