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
