"""All metrics by name: what a figure counts, and when to worry. ``docs/metrics.md`` is made of it.

Names follow Prometheus' rules: base units at the end, ``_total`` on what only grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

PREFIX = "surveil_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        kind: Of Prometheus.
        means: What the figure says; one sentence.
        worry: When to look into it; one sentence, or empty where it explains others.
        labels: Besides ``worker``, which all have.
    """

    kind: Kind
    means: str
    worry: str = ""
    labels: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """The text of HELP."""
        return f"{self.means} {self.worry}".strip()


def _counter(means: str, worry: str = "", *labels: str) -> Metric:
    return Metric("counter", means, worry, labels)


def _gauge(means: str, worry: str = "", *labels: str) -> Metric:
    return Metric("gauge", means, worry, labels)


def _histogram(means: str, worry: str = "", *labels: str) -> Metric:
    return Metric("histogram", means, worry, labels)


_CAPTURE = {
    "camera_state": _gauge(
        "1 for the state that a camera is in, 0 for the others.",
        "Worry when live is 0 for minutes.",
        *("camera", "state"),
    ),
    "clock_steps_total": _counter(
        "Times this host's clock was set while a camera was read; each ends a run.",
        "Worry when it grows daily: let time be slewed, not set.",
        "camera",
    ),
    "frames_captured_total": _counter(
        "Pictures that a camera's stream brought.",
        "Worry when its rate is far below the stream's.",
        "camera",
    ),
    "frames_dropped_total": _counter(
        "Frames that were not analysed, by cause: decode, busy, stale, run-over, fault, no-lease.",
        "Worry when more than a tenth of the sampled frames go.",
        *("camera", "cause"),
    ),
    "frames_sampled_total": _counter(
        "Frames handed on to be analysed, at most sample_fps a second.", "", "camera"
    ),
    "reconnects_total": _counter(
        "Times a stream had to be opened again, by reason.",
        "Worry when a camera has several an hour.",
        *("camera", "reason"),
    ),
}

_INFERENCE = {
    "batch_halved_total": _counter(
        "Batches cut in half since the device had no memory for them.",
        "Worry when it grows for long: lower inference.max_batch.",
        "stage",
    ),
    "batches_total": _counter("Batches of frames that were analysed."),
    "camera_degraded": _gauge(
        "1 while too few frames of a camera are analysed.",
        "Worry when it is 1 for minutes: the host carries too many cameras.",
        "camera",
    ),
    "cameras_carried": _gauge(
        "Cameras of which all sampled frames would be analysed, by the load of late.",
        "Worry when it is less than the worker has.",
    ),
    "classifications_spared_total": _counter(
        "Faces that stood still and kept the scores of their last look.", "", "camera"
    ),
    "decision_seconds": _histogram(
        "From a picture's capture until its faces are classified.",
        "Worry when the 95th percentile exceeds 0.5 s: frames become stale.",
    ),
    "events_refused_total": _counter(
        "Events that the spool had no room for, or could not write, by cause.",
        "Worry at the first: what is refused is lost, and shown as a gap.",
        "cause",
    ),
    "events_total": _counter("Events put into the spool, by type.", "", "type"),
    "faces_in_view": _gauge("Faces in the newest analysed frame.", "", "camera"),
    "faces_total": _counter("Faces seen in analysed frames.", "", "camera"),
    "frame_faults_total": _counter(
        "Frames on which a stage failed, and that were given up alone.",
        "Worry when it grows.",
        *("stage", "camera"),
    ),
    "frames_analysed_ratio": _gauge(
        "Share of sampled frames that are analysed, 0 to 1, of late.",
        "Worry below 0.9.",
    ),
    "frames_analysed_total": _counter("Frames analysed.", "", "camera"),
    "frames_gated_total": _counter(
        "Analysed frames in which nothing had changed, so that no new face was looked for.",
        "",
        "camera",
    ),
    "gate_decisions_total": _counter(
        "What the gate decided about frames, by kind.", "", *("kind", "camera")
    ),
    "inference_batch_frames": _gauge("Frames of the newest batch."),
    "stage_seconds": _histogram(
        "Time a stage took for a batch: detect, classify, analyse (both, and what is between),"
        " record (a batch of events into SQL).",
        "Worry when the median doubles at the same load.",
        "stage",
    ),
    "state_records_lost_total": _counter(
        "Changes of a camera's state that nobody read in time.", "Worry when it grows.", "camera"
    ),
}

_EVENTS = {
    "events_published_total": _counter("Entries sent to Redis, repeated ones included."),
    "publish_failures_total": _counter(
        "Rounds in which Redis could not be reached.", "Worry when it grows for a minute."
    ),
    "publish_lag_seconds": _gauge(
        "Age of the oldest event that is not in Redis yet; 0 when all are sent.",
        "Worry above 30.",
    ),
    "redis_up": _gauge("1 while the publisher reaches Redis.", "Worry at 0: the spool fills."),
    "spool_bytes": _gauge(
        "Size of the events that SQL has not confirmed.",
        "Worry at half of spool.max_bytes.",
    ),
    "spool_errors_total": _counter(
        "Times the spool's file could not be written.", "Worry at the first: a full or broken disk."
    ),
    "spool_pending": _gauge(
        "Events that SQL has not confirmed.", "Worry when it grows for minutes."
    ),
    "spools_adopted_total": _counter(
        "Spools of workers that are gone, which this one publishes.",
    ),
}

_STORE = {
    "dead_letters_total": _counter(
        "Entries that cannot be stored and lie in dead_letter, by cause.",
        "Worry at the first: `surveil db dead-letters` or SQL shows them.",
        "cause",
    ),
    "duplicates_total": _counter(
        "Events that arrived again and were in SQL already; nothing is stored twice."
    ),
    "events_stored_total": _counter(
        "Events committed to SQL, by type.",
        "Worry when its rate is 0 while cameras are live.",
        "type",
    ),
    "recorder_batch_events": _gauge("Entries of the recorder's newest batch."),
    "server_errors_total": _counter(
        "Failed attempts to reach a server: sql or redis.",
        "Worry when it grows for a minute.",
        "server",
    ),
    "store_lag_seconds": _gauge(
        "Age of the oldest entry of the newest batch when it was committed.",
        "Worry above 30: the recorder falls behind, or has just caught up.",
    ),
    "store_seconds": _histogram(
        "From the end of an interval, by its camera's capture, until it is committed to SQL.",
        "Worry when the 95th percentile exceeds 10 s.",
    ),
}

_ALERTS = {
    "alert_couriers_failed_total": _counter(
        "Threads of a receiver that ended unasked and were begun again.",
        "Worry when it grows.",
        "receiver",
    ),
    "alert_deliveries_total": _counter(
        "Attempts to deliver an alert, by outcome; unshown: a state that could not be published.",
        "Worry when another outcome than delivered grows.",
        *("receiver", "outcome"),
    ),
    "alert_evaluation_lag_seconds": _gauge(
        "Age of the newest event that rules have seen.", "Worry above 30 while cameras are live."
    ),
    "alert_events_dropped_total": _counter(
        "Events too late, too early or unreadable for the rules, by cause.",
        "Worry when it grows: look at the clocks.",
        "cause",
    ),
    "alert_receiver_circuit": _gauge(
        "Whether a receiver is left alone for now: 1 open, 0.5 half-open, 0 closed.",
        "Worry when it stays above 0.",
        "receiver",
    ),
    "alert_transitions_total": _counter(
        "Changes of alerts, by rule and new state.", "", *("rule", "to")
    ),
    "alerter_clock_steps_total": _counter(
        "Times the alerter's clock was set.", "Worry when it grows daily."
    ),
    "alerts_firing": _gauge("Alerts of a rule that fire now.", "", "rule"),
}

_WEB = {
    "web_audit_dropped_total": _counter(
        "Refusals that were not written to the audit log, by cause: too-many, sql.",
        "Worry at the first: somebody tries doors, or the database is away.",
        "cause",
    ),
    "web_connections_closed_total": _counter(
        "Connections closed after 30 s without a whole request, by cause: silent, slow.",
        "Worry when slow grows: somebody holds connections.",
        "cause",
    ),
    "web_request_seconds": _histogram(
        "From a request until its answer begins.",
        "Worry when the 95th percentile exceeds 0.5 s.",
    ),
    "web_requests_total": _counter(
        "Answers, by the class of their status: 2xx, 3xx, 4xx, 5xx.",
        "Worry when 5xx grows.",
        "status",
    ),
    "web_streams": _gauge(
        "Open streams, by kind.", "Worry near 64 of events: further ones get 503.", "kind"
    ),
    "web_streams_cut_total": _counter(
        "Streams whose client read nothing, and that were ended.", "", "kind"
    ),
    "web_streams_refused_total": _counter(
        "Streams refused since all places were taken.", "Worry when it grows.", "kind"
    ),
}

_HOST = {
    "lease_errors_total": _counter(
        "Times leases of cameras could not be renewed since SQL did not answer.",
        "Worry when it grows for 10 s: this host gives its cameras up.",
    ),
    "leases_held": _gauge("Cameras that this host may speak for.", "Worry below leases_wanted."),
    "leases_wanted": _gauge("Cameras that are placed on this host."),
    "lease_losses_total": _counter(
        "Cameras that another host has taken.", "Worry when hosts take them from each other."
    ),
    "worker_losses_total": _counter(
        "Workers that ended unasked or did not start, by name and cause.",
        "Worry at several an hour.",
        *("of", "cause"),
    ),
    "worker_memory_bytes": _gauge(
        "Memory of a process's own, without frames and libraries.",
        "Worry near the ceiling of its role in memory.",
        "of",
    ),
    "worker_renewals_total": _counter(
        "Workers asked to end since they held too much memory.",
        "Worry at more than one a day.",
        *("of", "cause"),
    ),
    "worker_up": _gauge("1 while a worker does its job.", "Worry at 0 for a minute.", "of"),
}

METRICS: Mapping[str, Mapping[str, Metric]] = {
    "Capture": _CAPTURE,
    "Inference": _INFERENCE,
    "Spool and Redis": _EVENTS,
    "Recorder": _STORE,
    "Alerter": _ALERTS,
    "Dashboard": _WEB,
    "Host": _HOST,
}
"""By the part of surveil that a person would look at."""

BY_NAME: Mapping[str, Metric] = {
    name: metric for part in METRICS.values() for name, metric in part.items()
}


def metrics_page() -> str:
    """Return the page of all metrics, in Markdown."""
    lines = [
        "# Metrics",
        "",
        "What `/metrics` of a running `surveil run` shows. Made by `surveil schema --metrics`.",
        "",
        "All carry `worker`, the process that counted. Counters go on when a worker is replaced,",
        "and begin at 0 with the daemon. A counter with labels is there from its first event on.",
    ]
    for part, metrics in METRICS.items():
        lines += ["", f"## {part}", ""]
        for name, one in sorted(metrics.items()):
            labels = "{" + ", ".join(one.labels) + "}" if one.labels else ""
            lines += [f"- **`{PREFIX}{name}{labels}`** ({one.kind}). {one.help}"]
    return "\n".join(lines) + "\n"
