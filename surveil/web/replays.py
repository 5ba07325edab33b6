"""Rules tested on history from the dashboard: one at a time, beside the process that serves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from surveil.backtesting.job import Job, Task
from surveil.backtesting.sieve import Span
from surveil.rules.engine import lateness_of
from surveil.rules.model import Rule
from surveil.store.access import Role
from surveil.store.audit import record
from surveil.store.scope import Scope
from surveil.web.problems import BusyError, ForbiddenError, HiddenError, MissingError
from surveil.web.seen_rules import seen_rules
from surveil.web.site import Site
from surveil.web.viewer import Viewer

MOST_S = 900.0
"""A test that takes longer is stopped."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A test of a rule on history.

    Attributes:
        by: Name of whoever began it.
        scope: Cameras that they might see.
        rule: Its name.
        span: When.
        job: What does it.
    """

    by: str
    scope: Scope
    rule: str
    span: Span
    job: Job

    @property
    def days(self) -> float:
        """How many days the span has."""
        return self.span.length_s / 86400

    def is_of(self, viewer: Viewer) -> bool:
        """Return whether it was begun by a viewer, who may still see the same."""
        return self.by == viewer.name and self.scope == viewer.scope


class Replays:
    """The test that runs, or what the last one found; used by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Replay | None = None

    def last_of(self, viewer: Viewer) -> Replay | None:
        """Return a viewer's own test; None if they began none, or somebody another one since."""
        last = self._last
        return last if last is not None and last.is_of(viewer) else None

    @property
    def is_busy(self) -> bool:
        """Whether one runs, of whoever."""
        last = self._last
        return last is not None and not last.job.is_over

    def begin(self, site: Site, viewer: Viewer, name: str, length: timedelta) -> None:
        """Test a rule on the time up to now, in the viewer's name.

        Raises:
            ForbiddenError: The viewer is no operator, or the rule is about several cameras together
                and they may not see all.
            MissingError: There is no such rule among those that the viewer may see.
            BusyError: Another test runs.
            UnavailableError: The database is away.
        """
        viewer.demand(Role.OPERATOR)
        rule = find_rule(site, viewer, name)
        if not may_be_tested(rule, viewer):
            raise ForbiddenError("this rule is about several cameras together, not all of yours")
        until_at = site.now()
        from_at = (until_at - length).replace(second=0, microsecond=0)
        interval_s = site.fleet.interval_s
        span = Span(from_at, until_at, interval_s, lateness_of(interval_s))
        task = Task(
            url=site.database.url.render_as_string(hide_password=False),
            rule=rule,
            cameras={
                id_: camera.labels
                for id_, camera in site.fleet.cameras.items()
                if camera.enabled and viewer.scope.sees(id_)
            },
            sees_all=viewer.scope.cameras is None,
            span=span,
        )
        details = {"from": from_at.isoformat(), "to": until_at.isoformat()}
        with self._lock:
            if self.is_busy:
                raise BusyError("a rule is being tested: wait for its end, one at a time is tested")
            record(site.database, viewer.name, "test-rule", f"rule {name}", details, now=until_at)
            job = Job(task, MOST_S)
            self._last = Replay(viewer.name, viewer.scope, name, span, job)

    def stop(self, site: Site, viewer: Viewer) -> None:
        """End the viewer's own test; nothing if none of theirs runs.

        Raises:
            ForbiddenError: The viewer is no operator.
            UnavailableError: The database is away.
        """
        viewer.demand(Role.OPERATOR)
        last = self.last_of(viewer)
        if last is not None and not last.job.is_over:
            last.job.stop()
            record(site.database, viewer.name, "stop-test", f"rule {last.rule}", now=site.now())


def find_rule(site: Site, viewer: Viewer, name: str) -> Rule:
    """Return a rule as far as a viewer may know of it.

    Raises:
        MissingError: There is none.
        HiddenError: There is one, of which they may not know.
    """
    for rule, _ in seen_rules(site.fleet, viewer.scope):
        if rule.name == name:
            return rule
    is_hidden = any(rule.name == name for rule in site.fleet.rules)
    raise (HiddenError if is_hidden else MissingError)(f"there is no rule {name}")


def may_be_tested(rule: Rule, viewer: Viewer) -> bool:
    """Return whether what a viewer may see is all that a rule is about."""
    return viewer.scope.cameras is None or not rule.by.spans_cameras
