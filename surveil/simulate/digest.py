"""Digest authentication of RTSP requests (RFC 2617 as RFC 2326 uses it, SHA-256 of RFC 7616)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from surveil.secrets import Secret

REALM = "surveil simulator"
NONCE_LIFE_S = 300.0
"""Age at which a nonce is answered with ``stale=true`` on a connection that has not used it yet."""

_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class DigestAlgorithm(StrEnum):
    """Hash of the digest. Clients before 2024 know MD5 alone."""

    MD5 = "MD5"
    SHA_256 = "SHA-256"


class Verdict(StrEnum):
    """What an ``Authorization`` header is worth."""

    GOOD = "good"
    BAD = "bad"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Login:
    """Who may watch."""

    username: str
    password: Secret


class DigestGuard:
    """Makes challenges and judges answers. Nonces are signed times, so none need to be stored.

    Args:
        login: The one account.
        algorithm: Hash to ask for.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        login: Login,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._login = login
        self._algorithm = algorithm
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def challenge(self, *, is_stale: bool = False) -> str:
        """Return a ``WWW-Authenticate`` value with a fresh nonce."""
        stale = ", stale=TRUE" if is_stale else ""
        algorithm = (
            "" if self._algorithm is DigestAlgorithm.MD5 else f", algorithm={self._algorithm}"
        )
        return f'Digest realm="{REALM}", nonce="{self._nonce(self._clock())}"{algorithm}{stale}'

    def judge(self, method: str, uri: str, header: str | None, used_nonces: set[str]) -> Verdict:
        """Judge one request.

        Args:
            method: RTSP method of the request.
            uri: Its request URI; the digest must be over this resource.
            header: Its ``Authorization`` value.
            used_nonces: Nonces this connection has used with success: they never turn stale, since
                many clients cannot answer a challenge in the middle of playing. Added to.
        """
        answer = parse_digest(header or "")
        if answer.get("username") != self._login.username or answer.get("realm") != REALM:
            return Verdict.BAD
        nonce, given_uri = answer.get("nonce", ""), answer.get("uri", "")
        if not self._is_own(nonce) or not _same_resource(given_uri, uri):
            return Verdict.BAD
        if answer.get("algorithm", DigestAlgorithm.MD5).upper() != self._algorithm:
            return Verdict.BAD
        expected = digest_response(
            self._algorithm, self._login, REALM, method, given_uri, nonce, answer
        )
        if not hmac.compare_digest(expected, answer.get("response", "").lower()):
            return Verdict.BAD
        if nonce not in used_nonces:
            if self._clock() - float(int(nonce.partition("-")[0], 16)) / 1000 > NONCE_LIFE_S:
                return Verdict.STALE
            if len(used_nonces) < 16:
                used_nonces.add(nonce)
        return Verdict.GOOD

    def _nonce(self, at_s: float) -> str:
        stamp = f"{int(at_s * 1000):x}"
        return f"{stamp}-{hmac.new(self._key, stamp.encode(), hashlib.sha256).hexdigest()[:32]}"

    def _is_own(self, nonce: str) -> bool:
        stamp, _, signature = nonce.partition("-")
        expected = hmac.new(self._key, stamp.encode(), hashlib.sha256).hexdigest()[:32]
        return hmac.compare_digest(signature.encode(), expected.encode())


def parse_digest(header: str) -> dict[str, str]:
    """Return the parameters of a ``Digest`` header by lower-case name; empty for another scheme."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        for name, quoted, plain in _PARAMETER.findall(rest)
    }


def digest_response(
    algorithm: DigestAlgorithm,
    login: Login,
    realm: str,
    method: str,
    uri: str,
    nonce: str,
    answer: Mapping[str, str],
) -> str:
    """Return the ``response`` of RFC 2617, 3.2.2.1, with ``qop`` where the answer names one."""

    def digest(text: str) -> str:
        if algorithm is DigestAlgorithm.SHA_256:
            return hashlib.sha256(text.encode()).hexdigest()
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    account = digest(f"{login.username}:{realm}:{login.password.reveal()}")
    resource = digest(f"{method}:{uri}")
    if "qop" in answer:
        extra = f"{answer.get('nc', '')}:{answer.get('cnonce', '')}:{answer['qop']}"
        return digest(f"{account}:{nonce}:{extra}:{resource}")
    return digest(f"{account}:{nonce}:{resource}")


def _same_resource(given: str, requested: str) -> bool:
    """Compare two URIs by path: clients differ in the host and the slash at the end."""
    return _path(given) == _path(requested)


def _path(uri: str) -> str:
    _, scheme, rest = uri.partition("://")
    if scheme:
        uri = "/" + rest.partition("/")[2]
    return uri.partition("?")[0].rstrip("/")
