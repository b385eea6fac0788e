"""The job: every day at 5:00 of the site's zone "С Днём Рождения" goes to exactly those whose birthday is that day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html import escape, unescape
from typing import Any

import pytest
import sqlalchemy as sa

from core import events, postings, runs, tables
from core.app import App
from core.events import Visit
from core.model import PostingStatus
from tests.core.world import Clock
from tests.installation import Installation
from tests.integration.conftest import Shop
from tests.sink import Sink

FIVE = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 5:00 in Moscow


@pytest.fixture
def clock() -> Clock:
    return Clock(FIVE - timedelta(hours=9))


@pytest.fixture
def app(installation: Installation, clock: Clock) -> App:
    """Pulled and defined on the evening before."""
    return installed(installation, clock)


def installed(installation: Installation, clock: Clock) -> App:
    from core import definitions

    app = installation.app(clock)
    for source in app.sources.values():
        runs.pull(app, source)
    file = definitions.read(installation.folder / "definitions.toml")
    definitions.apply(app.engine, file, app.press, sources=app.config.sources, now=clock())
    return app


def work(app: App) -> list[int]:
    """What clock and workers would do at this moment: open what is due and deliver it; ids of the postings opened."""
    opened = [one for one in postings.due(app.engine, now=app.clock()) if runs.open_posting(app, one)]
    for posting in postings.opened(app.engine):
        runs.send(app, posting)
    return opened


def relay(app: App, sink: Sink) -> App:
    return App(
        app.config.model_copy(
            update={"smtp": app.config.smtp.model_copy(update={"host": "127.0.0.1", "port": sink.port})}
        ),
        app.clock,
    )


def rows(app: App, posting: int) -> dict[str, sa.RowMapping]:
    with app.engine.connect() as connection:
        query = sa.select(tables.recipients).where(tables.recipients.c.posting_id == posting)
        return {row["email"]: row for row in connection.execute(query).mappings()}


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    content: Any = body.get_content()
    return str(content)


def test_the_birthday_job(app: App, clock: Clock, shop: Shop) -> None:
    with Sink() as sink:
        app = relay(app, sink)

        clock.now = FIVE - timedelta(seconds=1)
        assert work(app) == [], "not before five"

        clock.now = FIVE
        [posting] = work(app)
        assert sorted(sink.recipients) == list(shop.made.birthday_emails)
        assert set(sink.recipients.values()) == {1}
        assert set(sink.seen.values()) == {1}

        found = rows(app, posting)
        assert sorted(found) == list(shop.made.birthday_emails)
        for row in found.values():
            assert (row["status"], row["reason"], row["sent_at"]) == ("sent", "250 ok", FIVE)
            assert sink.seen[row["message_id"]] == 1
        assert postings.posting(app.engine, posting).status is PostingStatus.DONE

        clock.on(hours=3)
        assert work(app) == [], "once a day"
        clock.now = FIVE + timedelta(days=1)
        [tomorrow] = work(app)
        assert not set(rows(app, tomorrow)) & set(found), "tomorrow are others' birthdays"


def test_the_letter_has_the_name_the_template_and_marks_on_every_link(app: App, clock: Clock, shop: Shop) -> None:
    with Sink() as sink:
        app, clock.now = relay(app, sink), FIVE
        work(app)
    names = _names(app)
    for address, letter in sink.letters.items():
        name = names[address]
        html, text = part(letter, "html"), part(letter, "plain")
        assert str(letter["From"]) == "Домовой <news@shop.example.com>"
        assert letter["Subject"] == (f"{name}, с днём рождения!" if name else "С днём рождения!")
        greeting = f"С днём рождения, {name}!" if name else "С днём рождения!"
        assert greeting in text
        assert escape(greeting) in html
        assert html.index("Домовой") < html.index(escape(greeting)) < html.index("/p/u/"), "header, content, footer"
        links = [unescape(link) for link in re.findall(r'<a[^>]*href="([^"]+)"', html)]
        assert len(links) >= 3
        for link in links:
            if not re.search("/p/[uv]/", link):  # to unsubscribe, and the letter as a page
                assert "utm_source=vestnik&utm_medium=email&utm_campaign=birthday" in _target(app, link), link
        assert 'class="content"' in html
        assert 'style="' in html, "styles are inlined"
        unsubscribe = str(letter["List-Unsubscribe"]).strip("<>")
        assert unsubscribe.startswith("https://shop.example.com/p/u/")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert unsubscribe in text


def _target(app: App, link: str) -> str:
    """Where a tracked link leads."""
    token, number = link.partition("/p/c/")[2].split("/")
    return events.clicked(app.engine, token, number, Visit(machine=True), key=app.key, now=app.clock())


def _names(app: App) -> dict[str, str]:
    people, contacts = tables.people, tables.contacts
    query = sa.select(contacts.c.email, people.c.name).join(people, people.c.contact_id == contacts.c.id)
    with app.engine.connect() as connection:
        return {row.email: row.name for row in connection.execute(query.order_by(people.c.id.desc()))}


def test_who_changed_the_birthday_a_minute_before_five_is_greeted(app: App, clock: Clock, shop: Shop) -> None:
    """Before a posting opens, a mirror older than max_age is freshened."""
    with shop.engine.begin() as connection:
        ordinary = "ACTIVE = 'Y' AND BLOCKED = 'N' AND EXTERNAL_AUTH_ID IS NULL AND PERSONAL_BIRTHDAY LIKE '19__-0%'"
        query = sa.text(f"SELECT ID, EMAIL FROM b_user WHERE {ordinary} AND EMAIL LIKE '%.%@%' LIMIT 1")
        chosen = connection.execute(query).one()
        change = (
            "UPDATE b_user SET PERSONAL_BIRTHDAY = '1990-11-24', TIMESTAMP_X = '2030-01-01 00:00:00' WHERE ID = :id"
        )
        connection.execute(sa.text(change), {"id": chosen.ID})
    with Sink() as sink:
        app, clock.now = relay(app, sink), FIVE
        work(app)
    assert sorted(sink.recipients) == sorted([*shop.made.birthday_emails, chosen.EMAIL.strip().lower()])


def test_while_the_shop_is_away_the_posting_waits_and_says_why(
    app: App, clock: Clock, shop: Shop, installation: Installation
) -> None:
    with Sink() as sink:
        clock.now = FIVE
        away = installation.settings["sources"]["shop"]["url"]
        installation.configure(
            sources={"shop": {**installation.settings["sources"]["shop"], "url": "mysql://u:pw@127.0.0.1:1/x"}}
        )
        broken = relay(installation.app(clock), sink)
        assert work(broken) == []
        [(waiting, _)] = postings.recent(broken.engine, limit=1)
        assert waiting.status is PostingStatus.WAITING
        assert "Source 'shop' does not answer" in str(waiting.reason)
        assert "pw" not in str(waiting.reason).replace("pymysql", "")

        clock.on(hours=2)
        installation.configure(sources={"shop": {**installation.settings["sources"]["shop"], "url": away}})
        assert work(relay(installation.app(clock), sink)) == [waiting.id], "made up for within the limit"
        assert sorted(sink.recipients) == list(shop.made.birthday_emails)


def test_past_its_limit_the_firing_is_skipped_with_the_reason(
    app: App, clock: Clock, installation: Installation
) -> None:
    clock.now = FIVE
    installation.configure(
        sources={"shop": {**installation.settings["sources"]["shop"], "url": "mysql://u:pw@127.0.0.1:1/x"}}
    )
    broken = installation.app(clock)
    work(broken)
    clock.on(hours=12, seconds=1)
    work(broken)
    [(skipped, counts)] = postings.recent(broken.engine, limit=1)
    assert (skipped.status, counts) == (PostingStatus.SKIPPED, {})
    assert "does not answer" in str(skipped.reason)


def test_a_missed_night_is_made_up_for_once(app: App, clock: Clock, shop: Shop) -> None:
    """Vestnik was off for three nights: the last one is made up for, the others stand in the list as missed."""
    with Sink() as sink:
        app = relay(app, sink)
        clock.now = FIVE + timedelta(days=2, hours=5)
        [posting] = work(app)
        history = [(one.firing_at, one.status, one.reason) for one, _ in postings.recent(app.engine)]
    assert postings.posting(app.engine, posting).firing_at == FIVE + timedelta(days=2)
    assert history[1:] == [
        (FIVE + timedelta(days=1), PostingStatus.SKIPPED, "missed"),
        (FIVE, PostingStatus.SKIPPED, "missed"),
    ]
