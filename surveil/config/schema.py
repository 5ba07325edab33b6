"""The model of a fleet file. Frozen; a default stands beside its key, or in the stage it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ByteSize,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from surveil.config.camera import Camera, CameraDefaults, CameraId
from surveil.config.privacy import Privacy, given, merge_privacy
from surveil.config.receivers import Receiver
from surveil.config.urls import DatabaseUrl, Redis, from_base
from surveil.credentials import split_credentials
from surveil.durations import Duration
from surveil.events.spool_sizes import MAX_BYTES as SPOOL_BYTES
from surveil.hosts import check_host
from surveil.rules.model import Rule
from surveil.secrets import REVEAL, SecretUrl, register, registered
from surveil.settings import BASE, Section, fault

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _resolve(value: Path, info: ValidationInfo) -> Path:
    """Make a path absolute: it starts from the fleet file's directory, whoever runs surveil."""
    return Path(from_base(value, info))


def _check_data_dir(value: Path, info: ValidationInfo) -> Path:
    if "?" in str(value):
        raise fault("holds a ?, which ends the path in a URL: choose another name")
    return _resolve(value, info)


def _check_device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", value):
        raise fault("must be auto, cpu, cuda or cuda:NUMBER")
    return value


def _check_model(value: str, info: ValidationInfo) -> str:
    """Keep a name; make a path, which has a slash, absolute."""
    if "/" in value:
        return str(_resolve(Path(value), info))
    if not _NAME.fullmatch(value):
        raise fault("must be the name of a model or the path of its directory")
    return value


def _check_receiver_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise fault("a receiver's name is 1 to 63 of letters, digits, . - and _")
    return value


def _check_interval(value: float) -> float:
    # A minute's rollup must never share an interval with the next one.
    count = 60 / value
    if abs(count - round(count)) > 1e-9:
        raise fault("must divide a minute evenly, such as 0.5, 1, 2 or 5 seconds")
    return value


def _check_listening_host(value: str) -> str:
    try:
        check_host(value)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    return value


def _check_host_url(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"https?://[^\s@?#]*\{host\}[^\s@?#]*", value):
        raise fault("must be a URL with {{host}} in it, such as https://{{host}}.example.org:8808")
    return value


class Http(Section):
    """The supervisor's port for metrics, ``/status``, ``/livez`` and ``/readyz``."""

    host: Annotated[str, AfterValidator(_check_listening_host)] = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every interface."""

    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    """Port; 0 takes a free one and logs it."""


class WebTls(Section):
    """What the dashboard proves itself with; both in PEM."""

    certificate: Annotated[Path, AfterValidator(_resolve)]
    """File of the certificate, with those between it and the root."""

    key: Annotated[Path, AfterValidator(_resolve)]
    """File of its private key, without a passphrase."""


class Web(Section):
    """The dashboard and its API. Beyond this machine it wants users (`surveil user add`) and either
    tls or a proxy that brings it; docs/access.md shows both."""

    enabled: bool = True
    """Whether `surveil run` serves it."""

    bind: Annotated[str, AfterValidator(_check_listening_host)] = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every interface."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8808
    """Port; 0 takes a free one and logs it."""

    tls: WebTls | None = None
    """Certificate and key; without them it speaks plain HTTP."""

    behind_proxy: bool = False
    """Whether a proxy on the same or a trusted network brings TLS and alone can reach the port."""

    allowed_hosts: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """Names by which browsers may call it, such as cameras.example.org; this machine's own address
    and localhost always are."""

    host_url: Annotated[str | None, Field(max_length=1000), AfterValidator(_check_host_url)] = None
    """Where browsers find the dashboard of each host that shares the cameras; ``{host}`` stands for
    its name (``--host``), as in https://{host}.example.org:8808. A camera's page leads there."""

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by TLS, so that cookies may be sent by nothing else."""
        return self.tls is not None or self.behind_proxy


class Inference(Section):
    """How frames become scores."""

    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = "auto"
    """Processes that share this host's cameras; ``auto`` is one for each 20 sampled frames a
    second, at most one for each core, and one where a GPU is used."""

    max_batch: Annotated[int, Field(ge=1, le=512)] = 16
    """Frames, of any cameras, that are analysed together at most."""

    max_age_s: Annotated[Duration, Field(gt=0, le=60)] = 0.5
    """Older frames are dropped and counted as stale."""

    smoothing_tau_s: Annotated[Duration, Field(le=60)] = 0.3
    """Time constant by which a face's scores follow what is seen; 0 is no smoothing."""

    hysteresis: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Lead in score that another emotion needs before it is told of a face, frame by frame and in
    the timeline; 0 tells the highest score at once."""

    classify_after_s: Annotated[Duration, Field(le=60)] = 0.5
    """A face that stands still is classified anew after so long, and at once when it moves by a
    tenth of its side; 0 is at each frame."""

    detection: Literal["exact", "fast"] = "fast"
    """``exact`` finds what facenet-pytorch finds; ``fast`` resamples frames more cheaply and hands
    fewer candidates on. GPUs always detect exactly. docs/detection.md has what each costs."""

    precision: Literal["float32", "int8"] = "int8"
    """Of the emotion model and of fast detection on CPUs: ``int8`` computes in 8 bits where the
    model has a network in them, in a third of the time; docs/detection.md has what it costs."""


class Spool(Section):
    """Events on this host that SQL does not have yet."""

    max_bytes: Annotated[ByteSize, Field(ge=1 << 20)] = ByteSize(SPOOL_BYTES)
    """Most that is kept while Redis or SQL is away, such as 512MiB."""


class Restarts(Section):
    """How fast lost processes are started again; one budget for the fleet."""

    burst: Annotated[int, Field(ge=1, le=1000)] = 10
    """Restarts that may follow each other at once."""

    refill_s: Annotated[Duration, Field(gt=0, le=3600)] = 6.0
    """Time until one restart is given back."""


Ceiling = Annotated[ByteSize, Field(ge=1 << 24)]


class Memory(Section):
    """Ceilings for what a process may hold, frames of cameras and libraries apart. A worker beyond
    its own is asked to end and another takes its place, at most every ten minutes."""

    inference: Literal["auto"] | Ceiling = "auto"
    """Of each inference worker, such as 2GiB; ``auto`` is 1GiB, and 4GiB where a GPU is used."""

    recorder: Ceiling = ByteSize(1 << 28)
    """Of the recorder."""

    alerter: Ceiling = ByteSize(1 << 29)
    """Of the alerter; long windows over many cameras need more."""

    web: Ceiling = ByteSize(1 << 28)
    """Of the dashboard."""

    supervisor: Ceiling = ByteSize(1 << 28)
    """Of the supervisor, which only warns."""


class Leases(Section):
    """Who may speak for a camera where hosts share them; one host alone has no leases."""

    ttl_s: Annotated[Duration, Field(ge=3, le=300)] = 10.0
    """How long a host that is cut off from SQL goes on; others take its cameras after that."""


class Retention(Section):
    """How long results are kept."""

    days: Annotated[int | None, Field(ge=1, le=36_500)] = None
    """Days after which intervals, observations and what belongs to them are deleted; null keeps
    them for ever."""

    audit_days: Annotated[int | None, Field(ge=1, le=36_500)] = None
    """Days after which rows of the audit log are removed, from its beginning alone; null keeps them
    for ever."""


class Place(Section):
    """Where a fleet is on this host."""

    data_dir: Annotated[Path, AfterValidator(_check_data_dir)] = Field(
        default=Path("var"), validate_default=True
    )
    """Directory for everything surveil keeps on this host."""


class Listening(Place):
    """Where its daemon listens: all that asking it needs."""

    http: Http = Http()


class Storage(Place):
    """Where results are kept: all that reading them needs."""

    database: DatabaseUrl = Field(
        default_factory=lambda data: SecretUrl(f"sqlite:///{data['data_dir']}/surveil.db")
    )
    """sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME; by default surveil.db in
    data_dir."""


class Fleet(Storage):
    """A whole configuration: cameras, where results go, and who is told."""

    version: Literal[1] = 1
    """Version of this file's format."""

    redis: Redis = "embedded"
    """embedded, or redis://, rediss:// or unix:// of a server."""

    device: Annotated[str, AfterValidator(_check_device)] = "auto"
    """auto, cpu, cuda or cuda:1."""

    model: Annotated[str, AfterValidator(_check_model)] = "emotion-resnet18"
    """Name of a model below models/, or the path of its directory."""

    taxonomy: Literal["seven", "six", "four", "three", "two"] | None = None
    """Which expressions to tell apart; the others are never reported. seven: all; six: without
    disgust; four: happy, sad, surprise, neutral; three: happy, sad, neutral; two: happy, sad. By
    default all that the model knows."""

    interval_s: Annotated[Duration, Field(ge=0.2, le=60), AfterValidator(_check_interval)] = 1.0
    """Length of the intervals of a timeline; it divides a minute evenly."""

    partitions: Annotated[int, Field(ge=1, le=256)] = 1
    """Redis streams over which cameras are spread."""

    http: Http = Http()
    web: Web = Web()
    inference: Inference = Inference()
    spool: Spool = Spool()
    restarts: Restarts = Restarts()
    memory: Memory = Memory()
    leases: Leases = Leases()
    retention: Retention = Retention()
    privacy: Privacy = Privacy()
    defaults: CameraDefaults = CameraDefaults()

    cameras: Annotated[dict[CameraId, Camera], Field(min_length=1, max_length=10_000)]
    """Cameras by id: a-z, 0-9, - and _."""

    rules: tuple[Rule, ...] = ()
    """Alert rules: glob patterns of rule files, or rules themselves."""

    receivers: dict[Annotated[str, AfterValidator(_check_receiver_name)], Receiver] = Field(
        default_factory=dict
    )
    """Who is told about alerts, by name."""

    @model_validator(mode="before")
    @classmethod
    def _merge_defaults(cls, value: Any) -> Any:
        """Give each camera its id and the defaults that it does not override."""
        if not isinstance(value, dict) or not isinstance(value.get("cameras"), dict):
            return value
        known = set(CameraDefaults.model_fields)
        shared = {key: one for key, one in given(value.get("defaults")).items() if key in known}
        privacy = given(value.get("privacy"))
        cameras = {
            key: merge_privacy(_with_defaults(str(key), camera, shared), privacy)
            for key, camera in value["cameras"].items()
        }
        return {**value, "cameras": cameras}

    @field_validator("cameras")
    @classmethod
    def _check_ids(cls, value: dict[str, Camera]) -> dict[str, Camera]:
        for key, camera in value.items():
            if camera.id != key:
                raise fault("{key}: 'id' is the key itself; remove it", key=key)
        return value

    def to_wire(self) -> str:
        """Return JSON with all secrets of this fleet in the clear, for a pipe to a child process.

        It holds no others: of what is registered, only what occurs in this fleet.
        """
        fleet = self.model_dump(mode="json", by_alias=True, context={REVEAL: True})
        masked = self.model_dump(mode="json", by_alias=True)
        plain = [
            *_texts({**fleet, "cameras": None}),
            *_revealed(fleet["cameras"], masked["cameras"]),
        ]
        text = "\0".join(plain)
        known = [
            value
            for value in registered()
            if value in text or all(part in text for part in value.split(":", 1))
        ]
        return json.dumps({"fleet": fleet, "redact": known})

    @classmethod
    def from_wire(cls, text: str) -> Self:
        """Return the fleet that :meth:`to_wire` wrote; its secrets are registered here as well."""
        wire = json.loads(text)
        for value in wire["redact"]:
            register(value)
        return cls.model_validate(wire["fleet"], context={BASE: Path("/")})


def _texts(value: Any) -> Iterator[str]:
    """Yield all text within a dumped model."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _revealed(plain: dict[str, Any], masked: dict[str, Any]) -> Iterator[str]:
    """Yield the text that one dump of the cameras shows and the other one masks."""
    for id_, camera in plain.items():
        for key, value in camera.items():
            if value != masked[id_][key]:
                yield from _texts(value)


def _with_defaults(key: str, camera: Any, shared: dict[str, Any]) -> Any:
    if camera is None:
        camera = {}
    if not isinstance(camera, dict):
        return camera
    source = camera.get("source")
    if isinstance(source, str) and split_credentials(source)[1:] != (None, None):
        # The credentials of the URL itself override shared ones, as any key of a camera does.
        shared = {k: v for k, v in shared.items() if k not in ("username", "password")}
    return {**shared, "id": key, **camera}
