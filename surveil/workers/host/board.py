"""Metrics of all workers in one place, kept over their restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

MetricLabels = tuple[tuple[str, str], ...]
Sample = tuple[str, dict[str, str], float]

PREFIX = "surveil_"


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
                if key[0].endswith("_total"):
                    self._past[key] = self._past.get(key, 0.0) + value

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples called ``name`` that carry ``labels``."""
        wanted = set(labels.items())
        return sum(v for (n, ls), v in self._merged().items() if n == name and wanted <= set(ls))

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """Yield the families of the Prometheus exposition."""
        by_name: dict[str, dict[MetricLabels, float]] = {}
        for (name, labels), value in self._merged().items():
            by_name.setdefault(name, {})[labels] = value
        for name, samples in sorted(by_name.items()):
            keys = sorted({key for labels in samples for key, _ in labels})
            counter = name.endswith("_total")
            family = (CounterMetricFamily if counter else GaugeMetricFamily)(
                PREFIX + name.removesuffix("_total"), name.replace("_", " "), labels=keys
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
