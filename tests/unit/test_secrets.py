"""Secrets do not show, and are found in text in whatever form they took."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from surveil.errors import ConfigError
from surveil.redaction import Redactor
from surveil.secrets import MASK, REVEAL, Secret, SecretUrl, redact, register_credentials

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda value: quote(value, safe=""),
    "percent-lower": lambda value: "".join(
        f"%{octet:02x}" if octet > 127 or not chr(octet).isalnum() else chr(octet)
        for octet in value.encode()
    ),
    "percent-all": lambda value: "".join(f"%{octet:02X}" for octet in value.encode()),
    "percent-twice": lambda value: quote(quote(value, safe=""), safe=""),
    "plus": quote_plus,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64-url": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "basic": lambda value: base64.b64encode(f"some.user:{value}".encode()).decode(),
    "basic-short-user": lambda value: base64.b64encode(f"u:{value}".encode()).decode(),
    "basic-no-user": lambda value: base64.b64encode(f":{value}".encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex-upper": lambda value: value.encode().hex().upper(),
    "json": lambda value: json.dumps(value)[1:-1],
    "json-unicode": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json-twice": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "repr": lambda value: repr(value)[1:-1],
    "bytes-repr": lambda value: repr(value.encode())[2:-1],
    "html": html.escape,
}

CANARIES = [
    "canary-plain-1",
    "c@n/a:r#y?2",
    "can\"a\\r'y 3",
    "cänäry–4",
    "canary🐤5",
    "a+b c%41<&>",
]


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("canary", CANARIES)
def test_redact_finds_every_encoding(canary: str, encode: Callable[[str], str]) -> None:
    redactor = Redactor()
    redactor.add(canary)
    assert redactor.redact(f'before "{encode(canary)}" after') == f'before "{MASK}" after'


@given(
    secret=st.text(st.characters(codec="utf-8"), min_size=4, max_size=20).filter(
        lambda value: value.strip("*")
    ),
    encode=st.sampled_from(list(ENCODINGS.values())),
)
@example(secret="000&", encode=html.escape)
def test_redact_leaves_no_encoding(secret: str, encode: Callable[[str], str]) -> None:
    redactor = Redactor()
    redactor.add(secret)
    shown = encode(secret)
    assert redactor.redact(f"[{shown}]") == f"[{MASK}]"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://first.last:{pw}@cam/stream",  # a user name with dots
        "rtsp://user%40corp:{pw}@cam/stream",  # an encoded user name
        "rtsp://:{pw}@cam/stream",  # an empty user
        "rtsp://cam/stream?user=admin&password={pw}&channel=1",  # query parameters
        "rtsp://cam/user=admin_password={pw}_channel=1.sdp",  # the same in the path
        "rtsp://user:{pw}@[fe80::1%25eth0]:554/stream",
        "user:{pw}@cam:554",  # without a scheme
        "rtsp://user:{pw}@a@cam/stream",  # an @ that nobody encoded
    ],
)
@pytest.mark.parametrize("encode", [ENCODINGS["percent"], ENCODINGS["percent-lower"]])
def test_redact_in_urls_that_patterns_miss(url: str, encode: Callable[[str], str]) -> None:
    canary = "c@nary.42/%"
    redactor = Redactor()
    redactor.add(canary)
    text = redactor.redact(f"cannot open '{url.format(pw=encode(canary))}': refused")
    assert encode(canary) not in text
    assert "nary" not in text
    assert text.endswith("refused")


def test_redact_drops_userinfo_of_unknown_secrets() -> None:
    assert Redactor().redact("open rtsp://ab:cd@cam/x") == f"open rtsp://{MASK}@cam/x"
    for odd in ("12/34", "12?34", "12#34", "1@2", "12/3@4?5"):
        text = f"open rtsp://admin:{odd}@cam/x failed"
        assert Redactor().redact(text) == f"open rtsp://{MASK}@cam/x failed"
    assert Redactor().redact("mail ops@example.org or https://x/y@z") == (
        "mail ops@example.org or https://x/y@z"
    )


def test_redact_takes_the_longest_secret() -> None:
    redactor = Redactor()
    redactor.add("tail")
    redactor.add("long-tail-end")
    assert redactor.redact("long-tail-end") == MASK


def test_redact_is_idempotent() -> None:
    redactor = Redactor()
    for value in ("****", "a***b", "canary-9"):
        redactor.add(value)
    once = redactor.redact("canary-9 a***b ****")
    assert redactor.redact(once) == once


def test_short_values_do_not_blot_out_words() -> None:
    redactor = Redactor()
    redactor.add("on")
    redactor.add("")
    assert redactor.redact("one camera is on") == "one camera is on"


def test_short_password_is_hidden_beside_its_user() -> None:
    register_credentials("shortie.user", "1a2")
    token = base64.b64encode(b"shortie.user:1a2").decode()
    assert redact(f"Authorization: Basic {token}") == f"Authorization: Basic {MASK}"
    assert "1a2" not in redact("shortie.user:1a2@cam")


def test_redactor_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surveil.redaction.MOST", 2)
    redactor = Redactor()
    redactor.add("value-1")
    redactor.add("value-2")
    redactor.add("value-2")
    with pytest.raises(ConfigError, match="more than 2 different secrets"):
        redactor.add("value-3")


def test_secret_shows_only_on_request() -> None:
    secret = Secret("canary-show-1")
    assert secret.reveal() == "canary-show-1"
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>20}"):
        assert "canary" not in shown
        assert MASK in shown
    assert redact("say canary-show-1") == f"say {MASK}"


def test_secret_compares_and_copies_but_is_not_pickled() -> None:
    secret = Secret("canary-same-1")
    assert secret == Secret("canary-same-1")
    assert secret != Secret("canary-other-1")
    assert secret != "canary-same-1"
    assert hash(secret) == hash(Secret("canary-same-1"))
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(AttributeError):
        secret.value = "x"


def test_unsearched_secret_is_hidden_but_its_word_stays() -> None:
    secret = Secret("administrator", searched=False)
    assert repr(secret) == "Secret('***')"
    assert redact("the administrator said") == "the administrator said"


class Holder(BaseModel):
    secret: Secret
    url: SecretUrl


def test_pydantic_writes_the_mask_unless_told() -> None:
    holder = Holder.model_validate(
        {"secret": "canary-model-1", "url": "redis://app:canary-model-2@h:1/0?token=canary-model-3"}
    )
    assert "canary" not in repr(holder)
    assert "canary" not in holder.model_dump_json()
    assert json.loads(holder.model_dump_json()) == {
        "secret": "***",
        "url": "redis://***@h:1/0?token=***",
    }
    revealed = holder.model_dump_json(context={REVEAL: True})
    assert Holder.model_validate_json(revealed) == holder
    assert holder.model_dump()["secret"] is holder.secret


@pytest.mark.parametrize("bad", [7, None, "", "a\nb", "x" * 5000, ["canary-list"]])
def test_pydantic_refuses_what_is_no_secret(bad: object) -> None:
    with pytest.raises(ValidationError, match="must") as caught:
        Holder.model_validate({"secret": bad, "url": "http://h"})
    errors = caught.value.errors(include_input=False)
    assert "canary" not in str(errors)


def test_secret_url_hides_parameters_named_like_secrets() -> None:
    url = SecretUrl("rtsp://cam/s?user=operator&pwd=cd&access_token=canary-par-1&channel=2")
    assert str(url) == "rtsp://cam/s?user=***&pwd=***&access_token=***&channel=2"
    assert url.scheme == "rtsp"
    assert redact("canary-par-1 operator 2") == "*** operator 2"


def test_secret_url_registers_the_decoded_password() -> None:
    SecretUrl("postgresql+psycopg://app:can%40ry-db@h/x")
    assert redact("password can@ry-db refused") == "password *** refused"
