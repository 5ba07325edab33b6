"""One deadline for a whole attempt, also over a library that knows only time-outs of its sockets.

A time-out of a socket begins anew with every byte of a slow answer, and the look-up of a name has
none at all. So the attempt runs in a thread of its own, and whoever waits for it waits so long and
no longer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedCalls(Generic[T]):
    """Calls that return in bounded time, one at a time; of one thread.

    A call that overruns is left behind. Until it has ended no other is begun: an attempt that hangs
    costs one thread, never more.

    Args:
        name: Of the threads.
        timeout_s: How long a call may take.
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._running: threading.Thread | None = None

    def run(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, or raise what it raises.

        Raises:
            TimeoutError: It took longer, or the one before it, which took longer, goes on still.
        """
        if self._running is not None:
            self._running.join(self._timeout_s)
            if self._running.is_alive():
                raise TimeoutError("the attempt before has not ended yet")
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001  raised again by who waits
                future.set_exception(error)

        # A daemon: an attempt that hangs must not hold up the end of the process.
        self._running = threading.Thread(target=work, name=self._name, daemon=True)
        self._running.start()
        try:
            return future.result(self._timeout_s)
        except TimeoutError:
            if future.done():
                raise  # the call's own
            raise TimeoutError(f"no answer within {self._timeout_s:g} s") from None
