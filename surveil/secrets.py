"""Secrets: text that shows itself only on request."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn, Self
from urllib.parse import unquote, unquote_plus

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from surveil.credentials import SECRET_NAMES, USER_NAMES, parameters, secret_userinfo
from surveil.redaction import MASK, redact, register, register_credentials, registered

__all__ = [
    "MASK",
    "REVEAL",
    "Secret",
    "SecretUrl",
    "redact",
    "register",
    "register_credentials",
    "registered",
]

LONGEST = 4096
"""Characters of a secret at most."""

REVEAL = "reveal_secrets"
"""Key of the pydantic serialization context under which secrets are written in the clear."""


class Secret:
    """Text that shows itself only through :meth:`reveal`.

    ``str``, ``repr``, formatting and pydantic's JSON give ``***``. It cannot be pickled. Making one
    registers its value for :func:`redact`, unless ``searched=False``: a user name such as ``admin``
    is not shown either, but is no reason to blot out that word in every text.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str, *, searched: bool = True) -> None:
        object.__setattr__(self, "_value", value)
        if searched:
            self._register()

    def _register(self) -> None:
        register(self._value)

    def reveal(self) -> str:
        """Return the secret itself. Hand it to the one call that needs it; keep it nowhere."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"),
            other._value.encode("utf-8", "surrogatepass"),
        )

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    @classmethod
    def parse(cls, value: object, *, searched: bool = True) -> Self:
        """Make a secret of a configuration's value.

        Raises:
            PydanticCustomError: Not text, empty, too long, or with control characters. The message
                does not repeat the value.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("secret_type", "must be text; put it in quotes")
        if not value:
            raise PydanticCustomError("secret_empty", "must not be empty")
        if len(value) > LONGEST:
            raise PydanticCustomError("secret_long", f"must not exceed {LONGEST} characters")
        if not value.isprintable():
            raise PydanticCustomError("secret_control", "must not hold line breaks or controls")
        return cls(value, searched=searched)

    @staticmethod
    def serialize(value: Secret, info: SerializationInfo) -> object:
        """Return what pydantic writes: the mask in JSON, unless its context has ``REVEAL``."""
        if info.mode != "json":
            return value
        context: Any = info.context
        return value.reveal() if context and context.get(REVEAL) else str(value)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls.serialize, info_arg=True
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


class SecretUrl(Secret):
    """A URL whose credentials do not show: ``str`` gives ``rediss://***@host:6379/0?token=***``.

    The password and the values of parameters named like secrets are registered for
    :func:`redact`, each in plain and as written.
    """

    __slots__ = ()

    def _register(self) -> None:
        username, password = secret_userinfo(self._value)
        register(password)
        register_credentials(unquote(username), unquote(password))
        for name, value in parameters(self._value):
            if value and SECRET_NAMES.match(name):
                register(value)
                register(unquote_plus(value))

    @property
    def scheme(self) -> str:
        """The part before the first colon, in lower case."""
        return self._value.partition(":")[0].lower()

    def __str__(self) -> str:
        shown = self._value
        for name, value in parameters(self._value):
            if value and (SECRET_NAMES.match(name) or USER_NAMES.match(name)):
                shown = shown.replace(f"{name}={value}", f"{name}={MASK}")
        return redact(shown)
