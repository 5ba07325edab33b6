"""The API as it is described: whatever fits the description, or just does not, gets no 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from kit.web import ADDRESS, Dashboard, fill
from schemathesis import GenerationMode

STREAM = "/api/v1/events"
EXAMPLES = 40


def operations() -> list[tuple[str, str]]:
    from surveil.web import api

    return [
        (method, route.path)
        for router in api.ROUTERS
        for route in router.routes
        for method in sorted(route.methods)
        if route.path != STREAM
    ]


@pytest.mark.parametrize(("method", "path"), operations())
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_is_answered_by_a_mistake_of_ours(
    sqlite_dashboard: Dashboard, method: str, path: str, mode: GenerationMode
) -> None:
    fill(sqlite_dashboard.database)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    schema = schemathesis.openapi.from_dict(client.app.openapi())  # type: ignore[attr-defined]

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=ADDRESS)
        request.pop("cookies", None)
        if isinstance(request.get("data"), bytes | str):
            request["content"] = request.pop("data")
        answer = client.request(**request)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]

    ask()


def test_every_operation_is_described_with_examples(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    described = client.get("/api/v1/openapi.json").json()
    assert "token" in described["components"]["securitySchemes"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["description"], where
            problem = operation["responses"]["422"]["content"]
            assert "application/problem+json" in problem, where
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    assert parameter["schema"].get("examples"), where
