"""The order of the corridor: pull what an issue needs, open its posting, deliver it. All doors call here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from core import compose, deliver, groups, intake, mailings, postings
from core.app import App
from core.compose import Publication
from core.errors import Busy, VestnikError
from core.mailings import Issue, Mailing
from core.model import PostingStatus
from core.source import Source

log = logging.getLogger("vestnik.runs")


def pull(app: App, source: Source) -> None:
    """Read what is new in `source`; if another process is at it, leave it to them."""
    try:
        intake.pull(app.engine, source, clock=app.clock)
    except Busy:
        return


def stale(app: App, *, older_than: timedelta) -> list[Source]:
    """Sources whose mirror is older than that."""
    now = app.clock()
    limit = older_than.total_seconds()
    return [source for source in app.sources.values() if intake.age_seconds(app.engine, source, now=now) > limit]


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
        postings.open_posting(app.engine, waiting, publication, now=app.clock(), again=again)
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
        postings.skip(app.engine, waiting.id, str(error), now=now)
    else:
        postings.wait(app.engine, waiting.id, str(error))


def publish(app: App, issue: Issue, mailing: Mailing, *, at: datetime | None = None) -> Publication:
    """The letter of `issue` as it would be published for a firing `at` that moment, now if none is given."""
    return compose.publish(
        issue,
        mailing,
        app.config.site,
        at=at or app.clock(),
        folders=app.template_folders,
        public_url=app.config.public_url,
    )


def freshen(app: App, issue: Issue, mailing: Mailing) -> None:
    """Pull the sources that feed the groups of `mailing` if their mirror is older than the issue allows.

    Raises the error of the first kind that could not be read, or Busy while another process is still reading.
    """
    with app.engine.connect() as connection:
        include, exclude = postings.groups_of(connection, mailing)
    wanted = groups.sources([*include, *exclude], list(app.sources))
    old = {source.name for source in stale(app, older_than=issue.max_age)}
    for name in wanted:
        if name in old:
            _pull_now(app, app.sources[name])


def _pull_now(app: App, source: Source) -> None:
    for report in intake.pull(app.engine, source, clock=app.clock):
        if report.error:
            raise report.error


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
        if posting.publication is None:
            posting = replace(posting, publication=_published_anew(app, posting))
        with app.channel.open() as session:
            deliver.work(app.desk(stopping), posting, session, progress=progress)
        postings.finish(app.engine, posting_id, now=app.clock())


def _published_anew(app: App, posting: postings.Posting) -> Publication:
    """The letter of a posting that another version of Vestnik opened and this one cannot read."""
    with app.engine.connect() as connection:
        issue = mailings.issue(connection, posting.issue)
        mailing = mailings.mailing(connection, issue.mailing)
    return publish(app, issue, mailing, at=posting.firing_at)


def waiting_letters(app: App, posting_ids: Iterable[int]) -> list[int]:
    """Those of the postings that have letters ready and fewer workers than the settings allow."""
    now, workers = app.clock(), app.config.deliver.workers
    return [
        one
        for one in posting_ids
        if deliver.at_work(app.engine, one) < workers and deliver.ready(app.engine, one, now=now)
    ]
