"""Metrics of all workers in one place, kept over their restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from surveil.workers.host.metrics import BY_NAME, PREFIX

MetricLabels = tuple[tuple[str, str], ...]
Sample = tuple[str, dict[str, str], float]

_BUCKET = "_bucket"
_LASTING = ("_total", _BUCKET, "_sum")
"""Ends of the names of what is counted: it goes on over restarts. The others are gauges."""


class MetricsBoard(Collector):
    """Collects the workers' samples; counters go on where a replaced worker left them.

    Thread-safe: the supervisor's loop writes, the endpoint's threads read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[str, dict[tuple[str, MetricLabels], float]] = {}
        self._past: dict[tuple[str, MetricLabels], float] = {}

    def put(self, worker: str, samples: Iterable[Sample]) -> None:
        """Replace what is known of ``worker`` by its newest samples."""
        read: dict[tuple[str, MetricLabels], float] = {}
        for name, labels, value in samples:
            read[name, tuple(sorted({**labels, "worker": worker}.items()))] = value
        with self._lock:
            self._live[worker] = read

    def retire(self, worker: str) -> None:
        """Keep the counters of a worker that has ended, and drop its gauges."""
        with self._lock:
            for key, value in self._live.pop(worker, {}).items():
                if key[0].endswith(_LASTING):
                    self._past[key] = self._past.get(key, 0.0) + value

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples called ``name`` that carry ``labels``."""
        wanted = set(labels.items())
        return sum(v for (n, ls), v in self._merged().items() if n == name and wanted <= set(ls))

    def samples(self) -> dict[tuple[str, MetricLabels], float]:
        """Return all samples by name and labels."""
        return self._merged()

    def collect(
        self,
    ) -> Iterable[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        """Yield the families of the Prometheus exposition."""
        by_name: dict[str, dict[MetricLabels, float]] = {}
        for (name, labels), value in self._merged().items():
            by_name.setdefault(name, {})[labels] = value
        histograms = {n.removesuffix(_BUCKET) for n in by_name if n.endswith(_BUCKET)}
        for name, samples in sorted(by_name.items()):
            stem = name.removesuffix(_BUCKET)
            if stem in histograms and name == stem + _BUCKET:
                yield _histogram(stem, samples, by_name.get(f"{stem}_sum", {}))
            if name.removesuffix(_BUCKET).removesuffix("_sum") in histograms:
                continue
            keys = sorted({key for labels in samples for key, _ in labels})
            counter = name.endswith("_total")
            family = (CounterMetricFamily if counter else GaugeMetricFamily)(
                PREFIX + name.removesuffix("_total"), _help(name), labels=keys
            )
            for labels, value in samples.items():
                found = dict(labels)
                family.add_metric([found.get(key, "") for key in keys], value)
            yield family

    def exposition(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def _merged(self) -> dict[tuple[str, MetricLabels], float]:
        with self._lock:
            merged = dict(self._past)
            for read in self._live.values():
                for key, value in read.items():
                    merged[key] = merged.get(key, 0.0) + value
            return merged


def _help(name: str) -> str:
    found = BY_NAME.get(name)
    return found.help if found is not None else name.replace("_", " ")


def _histogram(
    name: str, buckets: dict[MetricLabels, float], sums: dict[MetricLabels, float]
) -> HistogramMetricFamily:
    """Return the family of a histogram from its cumulative buckets, which have the label ``le``."""
    series: dict[MetricLabels, list[tuple[str, float]]] = {}
    for labels, value in buckets.items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        series.setdefault(rest, []).append((dict(labels)["le"], value))
    keys = sorted({key for labels in series for key, _ in labels})
    family = HistogramMetricFamily(PREFIX + name, _help(name), labels=keys)
    for labels, found in series.items():
        values = [dict(labels).get(key, "") for key in keys]
        ordered = sorted(found, key=lambda pair: float(pair[0]))
        family.add_metric(values, ordered, sum_value=sums.get(labels, 0.0))
    return family
