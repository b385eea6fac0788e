"""The sample shop's lists in our own house: who left is not written to, and everybody else on a list can be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from connectors.sources.bitrix_mysql import BitrixMysql
from core import groups, intake, plugin, tables
from core.address import normalised
from core.errors import Refused
from core.groups import Group
from core.rules import World as Moment
from tests.core.sample.conftest import Shop
from tests.core.world import World

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LEFT = (
    "SELECT CODE FROM b_main_mail_blacklist",
    "SELECT CODE FROM b_sender_contact WHERE TYPE_ID = 1 AND (IS_UNSUB = 'Y' OR BLACKLISTED = 'Y')",
    "SELECT CODE FROM b_sender_contact c JOIN b_sender_mailing_subscription s ON s.CONTACT_ID = c.ID"
    " WHERE s.IS_UNSUB = 'Y'",
    "SELECT CODE FROM b_sender_contact c JOIN b_sender_posting_recipient r ON r.CONTACT_ID = c.ID"
    " JOIN b_sender_posting_unsub u ON u.RECIPIENT_ID = r.ID",
    "SELECT EMAIL FROM b_subscription WHERE ACTIVE = 'N'",
    "SELECT CONTACT_CODE FROM b_sender_abuse",
)


@pytest.fixture
def world(engine: sa.Engine) -> World:
    """Our own database, filled from the shop by `pull`."""
    return World(engine)


def pull(world: World, shop: Shop) -> None:
    url = shop.engine.url.render_as_string(hide_password=False)
    settings = plugin.settings_of(BitrixMysql, {"url": url, "site": "s1"}, where="sources.shop")
    reports = intake.pull(world.engine, BitrixMysql("shop", settings), clock=lambda: NOW)
    assert [report.error for report in reports if report.error] == []


def addresses(shop: Shop, query: str) -> set[str]:
    found = set()
    for (address,) in shop.ask(query):
        try:
            found.add(normalised(address or ""))
        except Refused:
            continue
    return found


def whom(world: World, include: dict[str, object]) -> set[str]:
    with world.engine.connect() as connection:
        query = groups.members([Group("g", "g", include)], Moment(NOW, "Europe/Moscow"))
        return {member.email for member in groups.read(connection, query)}


def test_everybody_who_left_the_old_letters_is_suppressed_and_nobody_else(shop: Shop, world: World) -> None:
    pull(world, shop)
    left = tables.suppressions
    with world.engine.connect() as connection:
        suppressed = {row.email: row.reason for row in connection.execute(sa.select(left))}
    for query in LEFT:
        assert addresses(shop, query) <= suppressed.keys(), query
    assert suppressed.keys() == set().union(*(addresses(shop, query) for query in LEFT))
    assert set(suppressed.values()) == {"imported", "blacklisted", "complaint"}


def test_whoever_is_born_today_but_left_is_named_by_the_group_and_skipped(shop: Shop, world: World) -> None:
    unhappy, *happy = shop.summary.birthday_emails
    with shop.engine.begin() as connection:
        row = "INSERT INTO b_main_mail_blacklist (CODE, CATEGORY_ID, DATE_INSERT) VALUES (:code, 1, '2026-11-01')"
        connection.execute(sa.text(row), {"code": unhappy.upper()})
    pull(world, shop)
    assert whom(world, {"birthday": "today"}) == set(shop.summary.birthday_emails)
    world.apply()
    posting = world.open()
    world.send(posting)
    recipients = {row["email"]: (row["status"], row["reason"]) for row in world.recipients(posting).values()}
    assert recipients[unhappy] == ("skipped", "blacklisted")
    assert sorted(letter.to for letter in world.channel.letters) == sorted(happy)


def test_lists_of_the_shop_are_groups_of_ours(shop: Shop, world: World) -> None:
    pull(world, shop)
    off = addresses(shop, "SELECT EMAIL FROM b_user WHERE BLOCKED = 'Y' OR ACTIVE = 'N'")
    active = "ACTIVE = 'Y' AND CONFIRMED = 'Y'"
    rubric = addresses(
        shop,
        "SELECT EMAIL FROM b_subscription s JOIN b_subscription_rubric r ON r.SUBSCRIPTION_ID = s.ID"
        f" WHERE LIST_RUBRIC_ID = 1 AND {active}",
    )
    assert whom(world, {"in_list": "rubric:1"}) == rubric - off
    assert any(address.startswith("reader") for address in rubric), "guests are among them"
    form = addresses(shop, "SELECT USER_TEXT FROM b_form_result_answer WHERE FIELD_ID = 1")
    assert whom(world, {"in_list": "form:1"}) == form - off
    fair = addresses(
        shop,
        "SELECT CODE FROM b_sender_contact c JOIN b_sender_contact_list l ON l.CONTACT_ID = c.ID"
        " WHERE LIST_ID = 1 AND IS_UNSUB = 'N' AND BLACKLISTED = 'N'",
    )
    assert whom(world, {"in_list": "sender:1"}) == fair - off


def test_guests_of_orders_can_be_reached(shop: Shop, world: World) -> None:
    pull(world, shop)
    query = sa.select(tables.people.c.email).where(tables.people.c.kind == "address")
    with world.engine.connect() as connection:
        known = set(connection.scalars(query))
        orders = tables.orders
        guests = sa.select(tables.contacts.c.email).join(orders, orders.c.contact_id == tables.contacts.c.id)
        of_users = tables.people.c.kind == "user", tables.people.c.contact_id.is_not(None)
        users = sa.select(tables.people.c.contact_id).where(*of_users)
        wanted = set(connection.scalars(guests.where(orders.c.person == "", orders.c.contact_id.not_in(users))))
    assert wanted
    assert wanted <= known
