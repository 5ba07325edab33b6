"""The addresses a fleet names: cameras, Redis, SQL. What is allowed, and where secrets hide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BeforeValidator, ValidationInfo, WrapValidator
from pydantic_core import PydanticCustomError

from surveil import paths
from surveil.config.problems import did_you_mean
from surveil.credentials import check_unambiguous, split_credentials
from surveil.errors import ConfigError
from surveil.hosts import split_host
from surveil.secrets import SecretUrl, register
from surveil.settings import Interpolated, base_of, fault
from surveil.sources.registry import BY_SCHEME, KINDS

_TLS_PARAMETERS = {
    "ca_file": "ssl_ca_certs",
    "cert_file": "ssl_certfile",
    "key_file": "ssl_keyfile",
}
"""Our names to those of redis-py's URL parameters."""

_DATABASES = "must be sqlite:///PATH or postgresql+psycopg://HOST/NAME (before HOST USER:PASSWORD@)"


def from_base(path: str | Path, info: ValidationInfo) -> str:
    """Return an absolute path without ``..``; a relative one starts at the fleet file."""
    try:
        return paths.from_base(path, base_of(info))
    except ValueError as error:
        raise fault("{reason}", reason=error) from None


def _check_source(value: object, info: ValidationInfo) -> object:
    """Check a camera's source as its kind says; relative paths start from the fleet file."""
    if isinstance(value, SecretUrl):
        return value
    if not isinstance(value, str):
        raise fault("must be text such as {forms}", forms=_forms())
    return _source(value, base_of(info))


def _source(value: str, base: Path) -> SecretUrl:
    if len(value) > 4096 or not value.isprintable() or value != value.strip():
        raise fault("must be one line without spaces around it")
    scheme, colon, rest = value.partition(":")
    scheme = scheme.lower()
    pieces = value.pieces if isinstance(value, Interpolated) else ()
    if not colon or scheme not in BY_SCHEME:
        raise fault("{reason}", reason=_unknown_scheme(value, scheme if colon else "", pieces))
    try:
        check_unambiguous(value)
        address = BY_SCHEME[scheme].check(split_credentials(f"{scheme}:{rest}")[0], base)
        host, port = split_host(address) if "://" in address else ("", None)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    for piece in pieces if host else ():
        # A stream key in the path looks like any other path; that it came from a secret tells.
        if piece not in (host, str(port), f"{host}:{port}"):
            register(piece)
    return SecretUrl(address)


def _forms() -> str:
    *most, last = [kind.form for kind in KINDS]
    return f"{', '.join(most)} or {last}"


def _unknown_scheme(value: str, scheme: str, pieces: tuple[str, ...]) -> str:
    *most, last = [
        f"{one}://" if kind.form.startswith(f"{kind.schemes[0]}://") else f"{one}:"
        for kind in KINDS
        for one in kind.schemes
    ]
    allowed = f"{', '.join(most)} or {last}"
    if pieces:
        return f"must start with {allowed}"
    if value.isdigit():
        return f"must start with {allowed}; did you mean 'usb:{value}'?"
    if value.startswith("/dev/"):
        return f"must start with {allowed}; did you mean 'usb:{value}'?"
    if not scheme and "@" not in value:
        return f"must start with {allowed}; did you mean 'file:{value}'?"
    if scheme in ("http", "https"):
        return f"{scheme} is not read; must start with {allowed} (most cameras also serve RTSP)"
    if not re.fullmatch(r"[a-z][a-z0-9+-]{0,15}", scheme):
        return f"must start with {allowed}"
    hint = did_you_mean(scheme, BY_SCHEME, show_all_up_to=0)
    return f"{scheme!r} is not read; must start with {allowed}{hint}"


def _check_redis(value: object, info: ValidationInfo) -> object:
    """Check a Redis address; a mapping with TLS files is folded into one URL."""
    if value == "embedded" or isinstance(value, SecretUrl):
        return value
    if isinstance(value, dict):
        value = _fold_redis(value, info)
    if not isinstance(value, str):
        raise fault("must be embedded, a redis:// or rediss:// URL, or a mapping with url:")
    scheme = value.partition(":")[0].lower()
    if scheme == "unix":
        path = value.partition(":")[2].removeprefix("//")
        if not path.rpartition("@")[2].startswith("/"):
            raise fault("unix: needs an absolute path, such as unix:///run/redis.sock")
        return SecretUrl(f"unix://{path}")
    if scheme not in ("redis", "rediss"):
        words = ("embedded", "redis", "rediss", "unix")
        hint = "" if isinstance(value, Interpolated) else did_you_mean(scheme[:32], words)
        raise fault("must be embedded or a redis://, rediss:// or unix:// URL{hint}", hint=hint)
    return SecretUrl(_server(value))


def _fold_redis(options: dict[str, object], info: ValidationInfo) -> str:
    known = ("url", "username", "password", *_TLS_PARAMETERS)
    for key in options:
        if key not in known:
            raise fault("unknown key {key!r}{hint}", key=key, hint=did_you_mean(key, known))
    url, user, password = split_credentials(str(options.get("url") or ""))
    if not url:
        raise fault("'url' is missing; write url: rediss://HOST:6379/0")
    for name, embedded in (("username", user), ("password", password)):
        if name in options and embedded is not None:
            raise fault("{name} stands both in the URL and beside it; keep one", name=name)
    user = str(options.get("username") or user or "")
    password = str(options.get("password") or password or "")
    url = _with_credentials(url, user, password)
    files = {
        parameter: from_base(str(options[name]), info)
        for name, parameter in _TLS_PARAMETERS.items()
        if options.get(name)
    }
    if files and not url.startswith("rediss://"):
        raise fault("TLS files need a rediss:// URL")
    for path in files.values():
        if not Path(path).is_file():
            raise fault("{path} is not a file", path=path)
    return url + ("&" if "?" in url else "?") * bool(files) + urlencode(files)


def _server(value: str, *, may_lack_host: bool = False) -> str:
    """Return a server's URL with user and password percent-encoded, so that all parsers agree.

    Raises:
        PydanticCustomError: It can be read in two ways, or its host or port cannot be one.
    """
    scheme = value.partition(":")[0]
    try:
        check_unambiguous(value, one_at=True)
        url, user, password = split_credentials(value)
        host, _ = split_host(url)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    if not host and not may_lack_host:
        raise fault("names no host; write {scheme}://HOST", scheme=scheme)
    return _with_credentials(url, user, password)


def _with_credentials(url: str, user: str | None, password: str | None) -> str:
    if not user and not password:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(user or '', safe='')}:{quote(password or '', safe='')}@{rest}"


def _check_database(value: object, info: ValidationInfo) -> object:
    """Check a SQL address; the path of an SQLite file starts from the fleet file's directory."""
    if isinstance(value, SecretUrl):
        return value
    return _database(value, base_of(info))


def _database(value: object, base: Path) -> SecretUrl:
    if not isinstance(value, str):
        raise fault(_DATABASES)
    scheme, separator, rest = value.partition("://")
    if separator and scheme == "sqlite":
        return _sqlite(rest, base)
    if separator and scheme == "postgresql+psycopg":
        # PostgreSQL takes the directory of a unix socket as ?host=.
        url = _server(value, may_lack_host="host=" in value.partition("?")[2])
        if not urlsplit(url).path.strip("/"):
            raise fault("names no database; write postgresql+psycopg://HOST/NAME")
        return SecretUrl(url)
    if separator and scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        raise fault("write postgresql+psycopg:// in place of {scheme}://", scheme=scheme)
    raise fault(_DATABASES)


def _sqlite(rest: str, base: Path) -> SecretUrl:
    path = rest.removeprefix("/")
    if not path or path.startswith(":memory:"):
        raise fault("needs a file: the processes of surveil share it; write sqlite:///PATH")
    if not rest.startswith("/"):
        raise fault("needs three slashes before a path: sqlite:///PATH")
    if "?" in path:
        raise fault("holds a ?, which ends the path in a URL: choose another name for the file")
    try:
        return SecretUrl(f"sqlite:///{paths.from_base(path, base)}")
    except ValueError as error:
        raise fault("{reason}", reason=error) from None


def read_source(text: str) -> str:
    """Return a camera's address given outside a fleet file, without user and password.

    Paths start from the working directory.

    Raises:
        ConfigError: It is none; the message does not repeat it.
    """
    try:
        return _source(text, Path.cwd()).reveal()
    except PydanticCustomError as error:
        raise ConfigError(f"the source: {error.message()}") from None


def read_database_url(text: str) -> SecretUrl:
    """Return a database URL given outside a fleet file; paths start from the working directory.

    Raises:
        ConfigError: It is none; the message does not repeat it.
    """
    try:
        return _database(text, Path.cwd())
    except PydanticCustomError as error:
        raise ConfigError(f"the database URL: {error.message()}") from None


Source = Annotated[SecretUrl, BeforeValidator(_check_source)]
"""``rtsp:``, ``rtsps:``, ``usb:`` or ``file:`` with an absolute path; without user and password."""

Redis = Annotated[
    Literal["embedded"] | SecretUrl,
    WrapValidator(lambda value, _, info: _check_redis(value, info)),
]
"""``embedded``, or a URL with user, password and TLS files in it as redis-py reads them."""

DatabaseUrl = Annotated[SecretUrl, BeforeValidator(_check_database)]
