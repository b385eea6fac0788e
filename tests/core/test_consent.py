"""Consent: one leaves by a signed link, and stays away."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import consent, db, signing, tables
from core.errors import Refused
from tests.conftest import NOW


@pytest.fixture
def contact(engine: sa.Engine) -> int:
    with db.writing(engine) as connection:
        row = {"email": "anna@shop.ru", "domain": "shop.ru", "created_at": NOW}
        return int(connection.execute(sa.insert(tables.contacts).values(row)).inserted_primary_key[0])


def left(engine: sa.Engine, mailing: str) -> dict[str, str]:
    with engine.connect() as connection:
        return consent.suppressed(connection, ["anna@shop.ru", "boris@shop.ru"], mailing=mailing)


def test_the_link_leaves_its_mailing_only(engine: sa.Engine, contact: int) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    assert consent.read_token(engine, token, now=NOW).email == "anna@shop.ru"
    assert left(engine, "news") == {}, "reading is not leaving"
    consent.leave(engine, token=token, now=NOW)
    consent.leave(engine, token=token, now=NOW)
    assert left(engine, "news") == {"anna@shop.ru": "unsubscribed"}
    assert left(engine, "greetings") == {}


def test_who_left_everything_left_each_mailing(engine: sa.Engine) -> None:
    with db.writing(engine) as connection:
        consent.suppress(connection, "boris@shop.ru", reason="complaint", source="admin", now=NOW)
    assert left(engine, "news") == {"boris@shop.ru": "complaint"}


def test_who_left_everything_by_the_link_left_each_mailing(engine: sa.Engine, contact: int) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    consent.leave(engine, token=token, now=NOW, everything=True)
    assert left(engine, "greetings") == {"anna@shop.ru": "unsubscribed"}
    consent.come_back(engine, token=token, now=NOW)
    assert left(engine, "news") == {"anna@shop.ru": "unsubscribed"}, "coming back to one mailing is not to all"
    consent.come_back(engine, token=token, now=NOW, everything=True)
    assert left(engine, "greetings") == left(engine, "news") == {}


def test_coming_back_takes_back_that_mailing_of_that_person_only(engine: sa.Engine, contact: int) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    with db.writing(engine) as connection:
        for email, mailing in (("anna@shop.ru", "news"), ("anna@shop.ru", "greetings"), ("boris@shop.ru", "news")):
            consent.suppress(connection, email, mailing=mailing, reason="unsubscribed", source="link", now=NOW)
    consent.come_back(engine, token=token, now=NOW)
    assert left(engine, "news") == {"boris@shop.ru": "unsubscribed"}
    assert left(engine, "greetings") == {"anna@shop.ru": "unsubscribed"}


@pytest.mark.parametrize("reason", ["complaint", "bounce"])
@pytest.mark.parametrize("everything", [False, True])
def test_a_complaint_or_bounce_is_never_taken_back(
    engine: sa.Engine, contact: int, reason: str, everything: bool
) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    mailing = consent.EVERYTHING if everything else "news"
    with db.writing(engine) as connection:
        consent.suppress(connection, "anna@shop.ru", mailing=mailing, reason=reason, source="mail", now=NOW)
    consent.come_back(engine, token=token, now=NOW, everything=everything)
    assert left(engine, "news") == {"anna@shop.ru": reason}


def test_a_test_letters_link_leaves_nothing(engine: sa.Engine, contact: int) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=consent.NOBODY, mailing="news")
    assert consent.leave(engine, token=token, now=NOW, everything=True).email == ""
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.suppressions)) == 0


def test_standing_tells_of_this_mailing_and_of_everything(engine: sa.Engine, contact: int) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    known = consent.leave(engine, token=token, now=NOW)
    with db.writing(engine) as connection:
        for mailing, reason in (("greetings", "unsubscribed"), (consent.EVERYTHING, "complaint")):
            consent.suppress(connection, "anna@shop.ru", mailing=mailing, reason=reason, source="mail", now=NOW)
    assert consent.standing(engine, known) == {"news": "unsubscribed", "": "complaint"}


@pytest.mark.parametrize("damage", ["", "x", "WyIxIl0.bad", "{token}x", "{token}"[:-3]])
def test_a_damaged_link_is_refused(engine: sa.Engine, contact: int, damage: str) -> None:
    token = consent.token(signing.secret(engine, now=NOW), contact_id=contact, mailing="news")
    with pytest.raises(Refused, match="damaged"):
        consent.leave(
            engine, token=damage.replace("{token}", token) if damage != "{token}"[:-3] else token[:-3], now=NOW
        )


def test_a_token_for_something_else_is_refused(engine: sa.Engine, contact: int) -> None:
    other = signing.sign(signing.secret(engine, now=NOW), "click", [contact, "news"])
    with pytest.raises(Refused):
        consent.leave(engine, token=other, now=NOW)


def test_the_secret_is_made_once(engine: sa.Engine) -> None:
    assert signing.secret(engine, now=NOW) == signing.secret(engine, now=NOW)
    assert len(signing.secret(engine, now=NOW)) >= 40
