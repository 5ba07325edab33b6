"""Digest authentication: the RFC's own example, and what a guard lets in."""

from __future__ import annotations

import pytest

from surveil.secrets import Secret
from surveil.simulate.digest import (
    NONCE_LIFE_S,
    DigestAlgorithm,
    DigestGuard,
    Login,
    Verdict,
    digest_response,
    parse_digest,
)

LOGIN = Login("eve", Secret("s3cret:x"))
URI = "rtsp://127.0.0.1:8554/lobby"


class Client:
    """Answers challenges; its parts can be spoilt."""

    def __init__(
        self, guard: DigestGuard, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
    ) -> None:
        self.challenge = parse_digest(guard.challenge())
        self.algorithm = algorithm
        self.login = LOGIN

    def header(self, method: str = "DESCRIBE", uri: str = URI, **changes: str) -> str:
        answer = {
            "username": self.login.username,
            "realm": self.challenge["realm"],
            "nonce": self.challenge["nonce"],
            "uri": uri,
            "algorithm": self.algorithm.value,
            **changes,
        }
        answer["response"] = digest_response(
            self.algorithm, self.login, answer["realm"], method, uri, answer["nonce"], answer
        )
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in answer.items())


def test_example_of_rfc_2617() -> None:
    login = Login("Mufasa", Secret("Circle Of Life"))
    answer = {"qop": "auth", "nc": "00000001", "cnonce": "0a4f113b"}
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    response = digest_response(
        DigestAlgorithm.MD5, login, "testrealm@host.com", "GET", "/dir/index.html", nonce, answer
    )
    assert response == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize("algorithm", DigestAlgorithm)
def test_right_answer_is_good(algorithm: DigestAlgorithm) -> None:
    guard = DigestGuard(LOGIN, algorithm)
    header = Client(guard, algorithm).header()
    assert guard.judge("DESCRIBE", URI, header, set()) is Verdict.GOOD


def test_quality_of_protection_is_understood() -> None:
    guard = DigestGuard(LOGIN)
    header = Client(guard).header(qop="auth", nc="00000001", cnonce="xyz")
    assert guard.judge("DESCRIBE", URI, header, set()) is Verdict.GOOD


@pytest.mark.parametrize("uri", ["/lobby", "rtsp://camera.example/lobby/", f"{URI}?profile=1"])
def test_same_resource_may_be_written_in_another_way(uri: str) -> None:
    guard = DigestGuard(LOGIN)
    header = Client(guard).header(uri=uri)
    assert guard.judge("DESCRIBE", URI, header, set()) is Verdict.GOOD


def test_wrong_password_method_resource_and_nonce_are_bad() -> None:
    guard = DigestGuard(LOGIN)
    client = Client(guard)
    judge = guard.judge
    assert judge("SETUP", URI, client.header("DESCRIBE"), set()) is Verdict.BAD
    assert judge("DESCRIBE", URI + "2", client.header(), set()) is Verdict.BAD
    assert judge("DESCRIBE", URI, client.header(nonce="0-abc"), set()) is Verdict.BAD
    assert judge("DESCRIBE", URI, client.header(nonce="ä"), set()) is Verdict.BAD
    assert judge("DESCRIBE", URI, client.header(username="adam"), set()) is Verdict.BAD
    assert judge("DESCRIBE", URI, None, set()) is Verdict.BAD
    assert judge("DESCRIBE", URI, "Basic ZXZlOnMzY3JldDp4", set()) is Verdict.BAD
    client.login = Login("eve", Secret("wrong-password"))
    assert judge("DESCRIBE", URI, client.header(), set()) is Verdict.BAD


def test_other_guards_nonce_is_bad() -> None:
    header = Client(DigestGuard(LOGIN)).header()
    assert DigestGuard(LOGIN).judge("DESCRIBE", URI, header, set()) is Verdict.BAD


def test_old_nonce_is_stale_unless_its_connection_used_it() -> None:
    now_s = [1000.0]
    guard = DigestGuard(LOGIN, clock=lambda: now_s[0])
    header = Client(guard).header()
    used: set[str] = set()
    assert guard.judge("DESCRIBE", URI, header, used) is Verdict.GOOD
    now_s[0] += NONCE_LIFE_S + 1
    assert guard.judge("DESCRIBE", URI, header, used) is Verdict.GOOD
    assert guard.judge("DESCRIBE", URI, header, set()) is Verdict.STALE
    assert "stale=TRUE" in guard.challenge(is_stale=True)
