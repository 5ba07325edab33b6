"""The one side from which stored events, timelines, gaps and alerts are read."""

from surveil.store.reading.alerts import (
    AlertRow,
    DeliveryRow,
    FiredKind,
    TransitionRow,
    count_fired,
    count_steps,
    find_step,
    last_step_id,
    load_active,
    load_alert,
    load_evaluation,
    load_fired,
    load_newest,
    load_steps,
    load_steps_after,
    load_transitions,
)
from surveil.store.reading.cameras import LastState, find_holder, load_last_states
from surveil.store.reading.gaps import GapRow, load_gaps
from surveil.store.reading.marks import (
    MarkedAlert,
    MarkRow,
    RuleQuality,
    Said,
    load_marked,
    load_marks,
    measure_quality,
)
from surveil.store.reading.present import Present, PresentFace, Showing, load_present, load_showing
from surveil.store.reading.ranking import Ranked, rank_cameras
from surveil.store.reading.replay import replay
from surveil.store.reading.runs import RunCounts, count_runs
from surveil.store.reading.silences import SilenceRow, load_silences
from surveil.store.reading.strips import Minute, load_strips
from surveil.store.reading.timelines import (
    Bucket,
    NothingStoredError,
    list_cameras,
    read_timeline,
)

__all__ = [
    "AlertRow",
    "Bucket",
    "DeliveryRow",
    "FiredKind",
    "GapRow",
    "LastState",
    "MarkRow",
    "MarkedAlert",
    "Minute",
    "NothingStoredError",
    "Present",
    "PresentFace",
    "Ranked",
    "RuleQuality",
    "RunCounts",
    "Said",
    "Showing",
    "SilenceRow",
    "TransitionRow",
    "count_fired",
    "count_runs",
    "count_steps",
    "find_holder",
    "find_step",
    "last_step_id",
    "list_cameras",
    "load_active",
    "load_alert",
    "load_evaluation",
    "load_fired",
    "load_gaps",
    "load_last_states",
    "load_marked",
    "load_marks",
    "load_newest",
    "load_present",
    "load_showing",
    "load_silences",
    "load_steps",
    "load_steps_after",
    "load_strips",
    "load_transitions",
    "measure_quality",
    "rank_cameras",
    "read_timeline",
    "replay",
]
