"""What the supervisor tells of its workers, as samples for the board. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surveil.workers.host.board import Sample
from surveil.workers.host.process import WorkerProcess


def samples_of(
    workers: Sequence[WorkerProcess],
    losses: Mapping[tuple[str, str], int],
    renewals: Mapping[str, int],
    own_bytes: int | None,
) -> list[Sample]:
    """Return the supervisor's samples.

    Args:
        workers: All that there are.
        losses: How often each worker was lost, by name and cause.
        renewals: How often each was renewed for its memory, by name.
        own_bytes: Memory of the supervisor itself; None before the first reading.
    """
    samples: list[Sample] = [
        ("worker_losses_total", {"of": name, "cause": cause}, float(count))
        for (name, cause), count in losses.items()
    ]
    samples += [
        ("worker_up", {"of": w.spec.name}, float(w.is_running and w.is_ready)) for w in workers
    ]
    samples += [
        ("worker_renewals_total", {"of": name, "cause": "memory"}, float(count))
        for name, count in renewals.items()
    ]
    held = {w.spec.name: w.held_bytes for w in workers} | {"supervisor": own_bytes}
    samples += [
        ("worker_memory_bytes", {"of": name}, float(count))
        for name, count in held.items()
        if count is not None
    ]
    return samples
