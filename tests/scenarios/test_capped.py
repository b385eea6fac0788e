"""A capped mailing keeps the rules of frequency, as scenarios do; others go as often as they are sent."""

from __future__ import annotations

import pytest

from core import compose, definitions, mailings, postings
from core.definitions.forms import File
from tests.scenarios.shop import Shop


def _issue(shop: Shop, *, capped: bool) -> None:
    """An issue to everybody."""
    mailing = {"groups": ["all"], "capped": capped}
    tree = {"mailings": {"news": mailing}, "issues": {"week": {"mailing": "news", "letter": "welcome/2"}}}
    definitions.apply(shop.engine, File.model_validate(tree), shop.press, sources=["shop"], now=shop.now)


def _posted(shop: Shop) -> dict[str, str]:
    """Send the issue by hand; status and reason by name."""
    with shop.engine.connect() as connection:
        issue = mailings.issue(connection, "week")
        mailing = mailings.mailing(connection, "news")
    number = postings.by_hand(shop.engine, issue, now=shop.now)
    publication = compose.publish(shop.press, issue, mailing, at=shop.now)
    postings.open_posting(shop.engine, postings.posting(shop.engine, number), publication, now=shop.now, again=True)
    shop.deliver()
    return shop.statuses(number)


@pytest.mark.parametrize("capped", [True, False])
def test_who_has_just_got_a_letter_gets_the_issue_only_when_its_mailing_is_not_capped(shop: Shop, capped: bool) -> None:
    _issue(shop, capped=capped)
    shop.sells("1", "2")
    shop.runs("registration")
    shop.registers("anna")
    shop.looks("anna", "1")
    shop.knows("boris")
    shop.passes(days=3)
    assert shop.codes_to("anna") == ["registration/3d"]
    shop.passes(hours=2)
    found = _posted(shop)
    assert found["boris"] == "sent: 250 ok"
    assert found["anna"].startswith("skipped: " if capped else "sent: ")
    assert "week" in shop.codes_to("boris")


def test_the_issue_itself_does_not_stand_in_its_own_way(shop: Shop) -> None:
    _issue(shop, capped=True)
    shop.sells("1")
    shop.knows("anna")
    shop.passes(minutes=1)
    assert _posted(shop)["anna"] == "sent: 250 ok"
