"""The order of the corridor: pull what an issue needs, open its posting, deliver it. All doors call here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from core import (
    buyers,
    compose,
    coupons,
    deliver,
    groups,
    intake,
    journeys,
    leases,
    mailings,
    postings,
    rhythms,
    schedule,
)
from core.app import App
from core.compose import Publication
from core.errors import N_, Busy, Unreachable, VestnikError
from core.journeys import Scenario, Tick, Walker, book, printing
from core.mailings import Issue, Mailing
from core.model import Kind, PostingStatus
from core.source import Source

log = logging.getLogger("vestnik.runs")
RETRY = timedelta(seconds=60)
"""A source that failed is left alone that long."""
SWEEP_WINDOW = timedelta(hours=3)
"""So late a night's full read still begins; after that the shop has its customers to serve."""
WALK_LEASE = timedelta(minutes=2)
"""Who walks through the scenarios and dies is waited for that long; two at once make no letter twice."""
FRESH = timedelta(seconds=60)
"""Before a scenario's letter goes, orders and baskets are read anew if they were read longer ago."""
COUPON_LEASE = timedelta(minutes=10)
"""Who looks after coupons and dies is waited for that long; two at once would do no harm."""


def pull(app: App, source: Source) -> None:
    """Read what is new in `source`; if another process is at it, leave it to them."""
    try:
        intake.pull(app.engine, source, clock=app.clock)
    except Busy:
        return
    count_buyers(app, source)


def sweep_due(app: App, source: Source) -> bool:
    """Whether `source` should be read whole now: its hour has come, not long ago, and it has not been done since."""
    line, now = app.config.clock.sweep, app.clock()
    if not line:
        return False
    hours = schedule.parse(line, app.config.site.timezone).firings(now - SWEEP_WINDOW, now)
    return bool(hours) and intake.sweep_due(app.engine, source, since=hours[-1], now=now, retry=RETRY)


def sweep(app: App, source: Source) -> None:
    """Read `source` whole, if it is still due: a message may come late, or twice."""
    if not sweep_due(app, source):
        return
    try:
        intake.pull(app.engine, source, clock=app.clock, full=True)
    except Busy:
        return
    if Kind.ORDERS in source.capabilities:
        buyers.rebuild(app.engine, source.name, now=app.clock(), currency=app.config.site.currency)
        rhythms.learn(app.engine, source.name, now=app.clock(), timezone=app.config.site.timezone)


def count_buyers(app: App, source: Source) -> None:
    """What its buyers have bought, after the orders of `source` were read."""
    if Kind.ORDERS in source.capabilities:
        buyers.refresh(app.engine, source.name, now=app.clock(), currency=app.config.site.currency)
        rhythms.refresh(app.engine, source.name, now=app.clock(), timezone=app.config.site.timezone)


def open_posting(app: App, posting_id: int, *, again: bool = False) -> bool:
    """Freshen the sources of a waiting posting and open it; False if it must wait, with the reason in its row.

    Past its catch-up limit a posting that still cannot open is skipped, for the same reason.
    """
    waiting = postings.posting(app.engine, posting_id)
    if waiting.status is not PostingStatus.WAITING:
        return waiting.status is PostingStatus.OPEN
    try:
        with app.engine.connect() as connection:
            issue = mailings.issue(connection, waiting.issue)
            mailing = mailings.mailing(connection, issue.mailing)
        if not waiting.by_hand and app.clock() > waiting.firing_at + issue.catch_up:
            postings.skip(app.engine, waiting.id, waiting.reason or "missed", now=app.clock())
            return False
        freshen(app, issue, mailing)
        publication = publish(app, issue, mailing, at=waiting.firing_at)
        coupons.check(app.desk().mint, publication, shelf=app.press.blocks, now=app.clock())
        postings.open_posting(
            app.engine, waiting, publication, now=app.clock(), currency=app.config.site.currency, again=again
        )
    except VestnikError as error:
        _cannot_open(app, waiting, error)
        return False
    except Exception as error:  # a posting must not wait for ever without saying why
        log.exception("posting %s cannot be opened", posting_id)
        _cannot_open(app, waiting, VestnikError("{error}", error=f"{type(error).__name__}: {error}"[:500]))
        return False
    return True


def _cannot_open(app: App, waiting: postings.Posting, error: VestnikError) -> None:
    now = app.clock()
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, waiting.issue)
    if now > waiting.firing_at + issue.catch_up:
        postings.skip(app.engine, waiting.id, error, now=now)
    else:
        postings.wait(app.engine, waiting.id, error)


def publish(app: App, issue: Issue, mailing: Mailing, *, at: datetime | None = None) -> Publication:
    """The letter of `issue` as it would be published for a firing `at` that moment, now if none is given."""
    return compose.publish(app.press, issue, mailing, at=at or app.clock())


def freshen(app: App, issue: Issue, mailing: Mailing) -> None:
    """Pull what the groups of `mailing` ask of their sources, and who has left any, if older than the issue allows.

    Raises the error of the first kind that could not be read, or Busy while another process is still reading. A source
    that feeds none of the groups may be away, once it has said who left it.
    """
    with app.engine.connect() as connection:
        include, exclude = postings.groups_of(connection, mailing)
        world = groups.world(connection, now=app.clock(), timezone=issue.timezone, currency=app.config.site.currency)
    asked, limit = groups.kinds([*include, *exclude], world), issue.max_age.total_seconds()
    feeding = groups.sources([*include, *exclude], list(app.sources))
    for name, source in app.sources.items():
        kinds = {Kind.OPT_OUTS} | (asked if name in feeding else frozenset())
        age = intake.age_seconds(app.engine, source, now=app.clock(), kinds=kinds)
        if age > limit:
            try:
                _pull_now(app, source, kinds)
            except VestnikError:
                if name in feeding or age == float("inf"):
                    raise


def _pull_now(app: App, source: Source, kinds: Collection[Kind]) -> None:
    wanted = [kind for kind in Kind if kind in kinds]
    for report in intake.pull(app.engine, source, clock=app.clock, kinds=wanted):
        if report.error:
            raise report.error
    if Kind.ORDERS in wanted:
        count_buyers(app, source)


def send(
    app: App,
    posting_id: int,
    *,
    progress: Callable[[int], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Deliver what is waiting in an open posting, then close it if nothing is left. Raises RelayAway."""
    posting = postings.posting(app.engine, posting_id)
    if posting.status is PostingStatus.OPEN:
        if posting.kind != "issue":
            _look_again(app, posting)
        if posting.publication is None:
            posting = replace(posting, publication=_published_anew(app, posting))
        _deliver(app, posting, progress, stopping)
        postings.finish(app.engine, posting_id, now=app.clock())


def _deliver(
    app: App, posting: postings.Posting, progress: Callable[[int], None], stopping: Callable[[], bool]
) -> None:
    try:
        with app.carrier(posting.channel).open() as session:
            deliver.work(app.desk(stopping), posting, session, progress=progress)
    except deliver.RelayAway as away:
        error = Unreachable(N_("The relay does not take letters: {error}. They wait."), error=str(away))
        postings.complain(app.engine, posting.id, error)
        raise
    except VestnikError as error:  # coupons that cannot be made now
        postings.complain(app.engine, posting.id, error)
        raise
    if posting.reason:
        postings.complain(app.engine, posting.id, "")


def _look_again(app: App, posting: postings.Posting) -> None:
    """Make fresh what decides about a scenario's letters: they may have waited for the relay."""
    with app.engine.connect() as connection:
        kinds = journeys.kinds(connection, app.office, posting.issue)
    try:
        freshen_kinds(app, kinds, limit=FRESH)
    except VestnikError as error:
        postings.complain(app.engine, posting.id, error)
        raise


def _published_anew(app: App, posting: postings.Posting) -> Publication:
    """The letter of a posting that another version of Vestnik opened and this one cannot read."""
    with app.engine.connect() as connection:
        if posting.kind != "issue":
            scenario, step = book.named(connection, app.office.shelf, posting.issue)
            return printing.publish(connection, app.press, scenario, step, at=posting.firing_at)
        issue = mailings.issue(connection, posting.issue)
        mailing = mailings.mailing(connection, issue.mailing)
    return publish(app, issue, mailing, at=posting.firing_at)


def walk(app: App, *, stopping: Callable[[], bool] = lambda: False) -> list[int]:
    """Decide on what is due in every scenario; the postings that have letters now. One process does it at a time.

    A scenario that fails, because a source cannot be asked, say, is looked at again at the next tick.
    """
    owner = leases.owner()
    if not leases.take(app.engine, "scenarios", owner=owner, now=app.clock(), seconds=WALK_LEASE.total_seconds()):
        return []
    try:
        with app.engine.connect() as connection:
            scenarios = book.active(connection, app.office.shelf)
        walker = app.walker(freshen=lambda kinds: freshen_kinds(app, kinds, limit=FRESH), stopping=stopping)
        tick = Tick.at(app.engine, walker.manners, app.clock()) if scenarios else None
        for scenario in scenarios:
            _walk(app, walker, scenario, tick)
    finally:
        leases.free(app.engine, "scenarios", owner=owner)
    return waiting_letters(app, postings.opened(app.engine)) if scenarios else []


def _walk(app: App, walker: Walker, scenario: Scenario, tick: Tick | None) -> None:
    try:
        tally = journeys.walk(walker, scenario, now=app.clock(), tick=tick)
    except VestnikError as error:
        log.error("scenario %s: %s", scenario.code, error)
    except Exception:
        log.exception("scenario %s: this look failed; the next one comes with the next tick", scenario.code)
    else:
        if tally.queued:
            log.info("scenario %s: letters queued: %s", scenario.code, tally.queued)


def freshen_kinds(app: App, kinds: Collection[Kind], *, limit: timedelta) -> None:
    """Pull what of these `kinds` is older than `limit`. Raises the error of what could not be read, or Busy."""
    for source in app.sources.values():
        asked = set(kinds) & source.capabilities
        if asked and intake.age_seconds(app.engine, source, now=app.clock(), kinds=asked) > limit.total_seconds():
            _pull_now(app, source, asked)


def waiting_letters(app: App, posting_ids: Iterable[int]) -> list[int]:
    """Those of the postings that have letters ready and fewer workers than the settings allow."""
    now, workers = app.clock(), app.config.deliver.workers
    return [
        one
        for one in posting_ids
        if deliver.at_work(app.engine, one) < workers and deliver.ready(app.engine, one, now=now)
    ]


def coupons_due(app: App) -> bool:
    """Whether coupons are to be ended or audited now."""
    now = app.clock()
    return coupons.due(app.engine, now=now) or coupons.audit_due(app.engine, now=now)


def tend_coupons(app: App, *, stopping: Callable[[], bool] = lambda: False) -> None:
    """End the coupons whose time is over, and audit those of a day; if another process is at it, leave it to them."""
    mint, owner = app.desk().mint, leases.owner()
    if not leases.take(app.engine, "coupons", owner=owner, now=app.clock(), seconds=COUPON_LEASE.total_seconds()):
        return
    try:
        coupons.end(mint, now=app.clock(), stopping=stopping)
        coupons.audit(mint, now=app.clock())
        coupons.end(mint, now=app.clock(), stopping=stopping)  # what the audit found to be over
    finally:
        leases.free(app.engine, "coupons", owner=owner)


def audit_coupons(app: App) -> list[VestnikError]:
    """Audit every coupon now; what could not be asked. Raises Busy while another process is at it."""
    owner = leases.owner()
    if not leases.take(app.engine, "coupons", owner=owner, now=app.clock(), seconds=COUPON_LEASE.total_seconds()):
        raise Busy(N_("Coupons are being looked after at this moment. Try again in a minute."))
    try:
        return coupons.audit(app.desk().mint, now=app.clock(), everything=True)
    finally:
        leases.free(app.engine, "coupons", owner=owner)
