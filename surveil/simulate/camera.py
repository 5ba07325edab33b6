"""A simulated camera: a clip in an endless loop on a live clock, with faults.

All viewers of a camera see the same moment, as with a real one. A new viewer first gets the
pictures since the last keyframe in quick succession, so that it can decode at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from surveil.simulate.clip import TICKS_PER_S, Clip, Picture
from surveil.simulate.fault import Fault, FaultPlan, ScheduledFault, default_duration_s
from surveil.simulate.rtp import RtpSender, seconds_to_ticks

BURST_PACKETS = 32
"""RTP packets sent without a pause: about 45 kB, well within a default UDP receive buffer."""
BURST_PAUSE_S = 0.001
KEYFRAME_SOON_S = 0.3
"""A viewer that joins this shortly before a keyframe waits for it."""
LATE_S = 1.0
"""When the loop was held up for longer, pictures are left out instead of sent in a rush."""
CONGESTED_LIMIT_S = 10.0
"""A viewer that takes nothing for this long is cut off."""

_MEDIA_FAULTS = {Fault.STALL, Fault.GAP, Fault.FREEZE, Fault.RESIZE, Fault.GARBAGE}


@dataclass(slots=True)
class CameraStats:
    """What one camera did so far. Counts are of pictures, summed over viewers.

    ``dropped`` were not sent to a viewer that reads too slowly, ``late`` left out because this
    process was held up, ``withheld`` by a fault.
    """

    viewers: int = 0
    joined: int = 0
    sent: int = 0
    dropped: int = 0
    withheld: int = 0
    late: int = 0
    cut: int = 0


@dataclass(eq=False, slots=True)
class Viewer:
    """One playing session. ``abort`` resets its connection."""

    sender: RtpSender
    abort: Callable[[], None]
    waits_for_key: bool = True
    congested_since_s: float | None = None


class Camera:
    """One stream of the server. Lives on the server's event loop.

    Args:
        name: Last part of the URL.
        clip: What it shows.
        resize: Gives the clip for ``Fault.RESIZE``; awaited once, when first needed.
        seed: Of loss and garbage.
    """

    def __init__(
        self, name: str, clip: Clip, *, resize: Callable[[], Awaitable[Clip]], seed: int = 0
    ) -> None:
        self.name = name
        self.clip = clip
        self.plan = FaultPlan()
        self.stats = CameraStats()
        self.epoch_mono_s = time.monotonic()
        self.epoch_wall_s = time.time()
        self._resize = resize
        self._other: Clip | None = None
        self._showing = clip
        self._shown_since = 0
        self._next = 0
        self._viewers: set[Viewer] = set()
        self._wake = asyncio.Event()
        self._random = random.Random(seed)  # noqa: S311 - simulates noise, guards nothing
        self._faulty = False
        self._frozen: Picture | None = None

    # --- faults

    @property
    def now_s(self) -> float:
        """Seconds since the camera's start."""
        return time.monotonic() - self.epoch_mono_s

    def active(self) -> dict[Fault, ScheduledFault]:
        """Return the faults that are on now."""
        return self.plan.active(self.now_s)

    def add_fault(self, fault: ScheduledFault) -> None:
        self.plan.add(fault, now_s=self.now_s)

    def add_fault_from_now(self, fault: ScheduledFault) -> None:
        """Schedule a fault whose start counts from now."""
        self.add_fault(replace(fault, start_s=self.now_s + fault.start_s))

    def fault_now(self, fault: Fault, duration_s: float | None, value: float | None) -> None:
        """Start a fault at once; infinite lasts until :meth:`FaultPlan.clear`."""
        lasts_s = default_duration_s(fault) if duration_s is None else duration_s
        scheduled = ScheduledFault(fault, self.now_s, lasts_s)
        self.add_fault(scheduled if value is None else replace(scheduled, value=value))

    def snapshot(self) -> CameraStats:
        """Return a copy of the counts."""
        return replace(self.stats, viewers=len(self._viewers))

    async def prepare_resize(self) -> None:
        """Make the clip of another size, which may take seconds, before it is needed."""
        if self._other is None:
            self._other = await self._resize()

    # --- viewers

    def first_picture(self) -> tuple[int, int]:
        """Return global index and ticks of the picture that a viewer joining now sees first."""
        index = self._join_index()
        picture, base = self._showing.at(index)
        return index, base + picture.pts + self._shown_since

    async def join(self, viewer: Viewer, index: int) -> None:
        """Send the pictures from ``index`` up to now, then let the viewer follow live."""
        self.stats.joined += 1
        if not self._viewers:
            self._next = self._live_index()
        clip = self._showing
        if not self.active().keys() & _MEDIA_FAULTS:
            while index < self._next and clip is self._showing:
                picture, base = clip.at(index)
                viewer.waits_for_key = False
                await self._send_to(
                    [viewer], picture.payloads, base + picture.pts + self._shown_since
                )
                index += 1
        if clip is not self._showing:
            viewer.waits_for_key = True
        self._viewers.add(viewer)
        self._wake.set()

    def leave(self, viewer: Viewer) -> None:
        """Stop sending to a viewer."""
        self._viewers.discard(viewer)

    def _join_index(self) -> int:
        live = max(0, self._live_index() - 1)
        after = self._showing.key_after(live)
        picture, base = self._showing.at(after)
        wait_s = (base + picture.dts) / TICKS_PER_S - (self.now_s - self._shown_since / TICKS_PER_S)
        return after if wait_s < KEYFRAME_SOON_S else self._showing.key_before(live)

    def _live_index(self) -> int:
        return self._showing.index_after(max(0, seconds_to_ticks(self.now_s) - self._shown_since))

    # --- the live loop

    async def run(self) -> None:
        """Send pictures in real time for as long as there are viewers; ends by cancellation."""
        while True:
            if not self._viewers:
                self._wake.clear()
                await self._wake.wait()
            clip, index = self._showing, self._next
            picture, base = clip.at(index)
            ticks = base + picture.dts + self._shown_since
            wait_s = ticks / TICKS_PER_S - self.now_s
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                if index != self._next or clip is not self._showing:
                    continue  # a viewer joined an idle camera meanwhile, and moved it on
            elif wait_s < -LATE_S:
                live = self._live_index()
                self.stats.late += live - self._next
                self._next = live
                self._mark_all()
                continue
            self._next += 1
            await self._show(picture, base + self._shown_since)

    async def _show(self, picture: Picture, base: int) -> None:
        faults, sent = self.active(), picture.dts
        if Fault.DROP in faults or Fault.REFUSE in faults:
            self._cut_all()
            return
        if await self._switch(resized=Fault.RESIZE in faults):
            return
        is_faulty = bool(faults.keys() & _MEDIA_FAULTS - {Fault.RESIZE})
        if self._faulty and not is_faulty:
            self._mark_all()
        self._faulty = is_faulty
        if Fault.STALL in faults or Fault.GAP in faults:
            if Fault.GAP in faults:
                for viewer in self._viewers:
                    viewer.sender.skip(len(picture.payloads))
            self.stats.withheld += len(self._viewers)
            return
        payloads: Sequence[bytes] = picture.payloads
        ticks = base + picture.pts
        if Fault.FREEZE not in faults:
            self._frozen = None
        else:
            # The key frame at which it began, as later ones would show what goes on.
            self._frozen = (
                self._frozen or self._showing.at(self._showing.key_before(self._next - 1))[0]
            )
            picture = self._frozen
            payloads, ticks = picture.payloads, base + sent
        if Fault.GARBAGE in faults:
            payloads = [p[:2] + self._random.randbytes(len(p) - 2) for p in payloads]
        await self._send_to(self._ready(is_key=picture.is_key), payloads, ticks, faults)

    def _ready(self, *, is_key: bool) -> list[Viewer]:
        """Return the viewers that get this picture; count it as dropped for the others."""
        ready: list[Viewer] = []
        now_s = time.monotonic()
        for viewer in list(self._viewers):
            if viewer.sender.channel.is_congested:
                viewer.waits_for_key = True
                since_s = viewer.congested_since_s
                viewer.congested_since_s = now_s if since_s is None else since_s
                if now_s - viewer.congested_since_s > CONGESTED_LIMIT_S:
                    self._cut(viewer)
                self.stats.dropped += 1
                continue
            viewer.congested_since_s = None
            if viewer.waits_for_key and not is_key:
                continue
            viewer.waits_for_key = False
            ready.append(viewer)
        return ready

    async def _send_to(
        self,
        viewers: Sequence[Viewer],
        payloads: Sequence[bytes],
        ticks: int,
        faults: dict[Fault, ScheduledFault] | None = None,
    ) -> None:
        loss = (faults or {}).get(Fault.LOSS)
        for start in range(0, len(payloads), BURST_PACKETS):
            if start:
                await asyncio.sleep(BURST_PAUSE_S)
            burst = payloads[start : start + BURST_PACKETS]
            is_last = start + BURST_PACKETS >= len(payloads)
            for viewer in viewers:
                if loss is None:
                    viewer.sender.send(burst, ticks, ends_picture=is_last)
                else:
                    self._send_lossy(viewer, burst, ticks, is_last, loss.value)
        now_s = self.now_s
        for viewer in viewers:
            viewer.sender.report(now_s, self.epoch_wall_s + now_s, seconds_to_ticks(now_s))
        self.stats.sent += len(viewers)

    def _send_lossy(
        self, viewer: Viewer, burst: Sequence[bytes], ticks: int, is_last: bool, loss: float
    ) -> None:
        for index, payload in enumerate(burst):
            if self._random.random() < loss:
                viewer.sender.skip(1)
            else:
                ends_picture = is_last and index == len(burst) - 1
                viewer.sender.send([payload], ticks, ends_picture=ends_picture)

    async def _switch(self, *, resized: bool) -> bool:
        """Show the other clip, or the own again; return whether that changed anything."""
        if resized:
            await self.prepare_resize()
        wanted = self._other if resized and self._other is not None else self.clip
        if wanted is self._showing:
            return False
        self._showing = wanted
        # The other clip begins at its first picture; the own one goes on where it would be now.
        self._shown_since = seconds_to_ticks(self.now_s) if resized else 0
        self._next = 0 if resized else self._live_index()
        self._mark_all()
        return True

    def _mark_all(self) -> None:
        for viewer in self._viewers:
            viewer.waits_for_key = True

    def _cut_all(self) -> None:
        for viewer in list(self._viewers):
            self._cut(viewer)

    def _cut(self, viewer: Viewer) -> None:
        self.stats.cut += 1
        self.leave(viewer)
        viewer.abort()
