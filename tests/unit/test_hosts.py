"""Hosts of URLs: what could be looked up passes, everything else is refused unrepeated."""

from __future__ import annotations

import pytest

from surveil.hosts import split_host


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://hooks.example.org/x", "hooks.example.org", None),
        ("https://hooks.example.org./x", "hooks.example.org.", None),
        ("rtsp://my_camera-1:8554/x", "my_camera-1", 8554),
        ("rtsp://10.0.0.5/x", "10.0.0.5", None),
        ("rtsp://[fe80::1%25eth0]:554/x", "fe80::1%25eth0", 554),
        ("https://bücher.example/x", "bücher.example", None),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", None),
        ("postgresql+psycopg:///db?host=/run/postgresql", "", None),
    ],
)
def test_hosts_that_may_be_looked_up(url: str, host: str, port: int | None) -> None:
    assert split_host(url) == (host, port)


@pytest.mark.parametrize(
    "host",
    [
        "hooks..canary",
        ".canary",
        "-canary",
        "canary-",
        "can ary",
        "canary" * 11,
        "bücher..canary",
        "☃.canary",
        "xn--a.canary",
        "can%61ry",
        "10.0.0.256",
        "10.0.0",
        "[::canary]",
        "[::1",
        "canary:99999",
        "canary:0",
    ],
)
def test_other_hosts_are_refused_without_repeating_them(host: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        split_host(f"https://{host}/x")
    assert "canary" not in str(caught.value)
    assert "256" not in str(caught.value)
