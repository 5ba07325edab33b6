"""Timelines as files to take away; each is written down before it is given."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fastapi import Response

from surveil.domain import EMOTIONS
from surveil.store.reading import Bucket
from surveil.web.problems import TooMuchError
from surveil.web.spans import Span
from surveil.web.wiring import Reading
from surveil.web.witness import witness

_INSTANTS = ("from_at", "to_at")
_NUMBERS = ("coverage", "analysed_s")
_SHARES = tuple(f"{emotion.value}_share" for emotion in EMOTIONS)
_VOTES = tuple(f"{emotion.value}_votes" for emotion in EMOTIONS)
COLUMNS = ("camera", *_INSTANTS, *_NUMBERS, "reason", "all_votes", *_SHARES, *_VOTES)
"""Shares are empty, not zero, where nobody was seen or nothing was analysed."""


def has_parquet() -> bool:
    """Return whether this installation writes Parquet (the extra ``parquet``)."""
    return importlib.util.find_spec("pyarrow") is not None


def note(reads: Reading, subject: str, form: str, span: Span, **more: Any) -> None:
    """Write down that somebody takes figures away.

    Args:
        reads: Who.
        subject: Of what, as in ``camera lobby``.
        form: ``csv`` or ``parquet``.
        span: Of which time.
        more: JSON values.
    """
    details = {
        "form": form,
        "from_at": span.from_at.isoformat(),
        "to_at": span.to_at.isoformat(),
        "bucket_s": span.bucket_s,
    }
    witness(reads.site, reads.viewer, "export", subject, details | more)


def as_csv(name: str, buckets: Iterable[Bucket]) -> Response:
    """Return buckets as comma-separated values, in a file of that name."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for bucket in buckets:
        row = _row(bucket)
        writer.writerow(v.isoformat() if isinstance(v, datetime) else v for v in row)
    return _file(f"{name}.csv", text.getvalue(), "text/csv; charset=utf-8")


def demand_parquet() -> None:
    """Go on only where Parquet can be written.

    Raises:
        TooMuchError: It cannot; the message says what to install.
    """
    if not has_parquet():
        raise TooMuchError(
            "Parquet needs pyarrow, where surveil runs: pip install 'surveil[parquet]'"
        )


def as_parquet(name: str, buckets: Iterable[Bucket]) -> Response:
    """Return buckets as Parquet, in a file of that name; see :func:`demand_parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"camera": pa.string(), "reason": pa.string()}
    types |= dict.fromkeys(_INSTANTS, pa.timestamp("us", tz="UTC"))
    types |= dict.fromkeys((*_NUMBERS, *_SHARES), pa.float64())
    schema = pa.schema([(column, types.get(column, pa.int64())) for column in COLUMNS])
    rows = [dict(zip(COLUMNS, _row(bucket), strict=True)) for bucket in buckets]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink)
    return _file(f"{name}.parquet", sink.getvalue(), "application/vnd.apache.parquet")


def name_of(what: str, span: Span) -> str:
    """Return the name of a file, without its end."""
    return f"{what}-{span.from_at:%Y%m%dT%H%M%SZ}"


def fixed(span: Span, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query in which a time such as ``6h`` is an instant: it shows the same for ever."""
    return {
        **query,
        "from": span.from_at.isoformat().replace("+00:00", "Z"),
        "to": span.to_at.isoformat().replace("+00:00", "Z"),
        "bucket": f"{span.bucket_s}s",
    }


def _file(name: str, body: str | bytes, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type=media_type)


def _row(bucket: Bucket) -> list[Any]:
    return [
        bucket.camera,
        bucket.from_at,
        bucket.to_at,
        bucket.coverage,
        bucket.analysed_s,
        bucket.reason,
        bucket.all_votes,
        *bucket.shares,
        *bucket.votes,
    ]
