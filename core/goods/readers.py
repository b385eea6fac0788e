"""What the readers of a batch did, each asked once for all of them: looked, bought, ordered, filled a basket.

A row is a reader's by their contact; by their person only where no contact is known of the row, or of a preview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.block import Asked, Reader
from core.bulk import among
from core.db import chunks
from core.goods import COLUMNS, Condition, Ref
from core.tables import baskets, order_lines, orders, products, subscriptions, views

Made = Callable[[Condition], sa.Select[Any]]
_LOOKS = 60  # of one person, the last ones: more than any letter shows, even when most were bought


def rows(asked: Asked, table: sa.Table, made: Made, readers: Sequence[Reader]) -> list[list[sa.RowMapping]]:
    """For each reader their rows of the query that `made` makes of a condition: it selects the columns of `whose`."""
    contacts = {reader.contact_id for reader in readers if reader.contact_id}
    found: dict[Any, list[sa.RowMapping]] = {}
    if contacts:
        for row in asked.connection.execute(made(among(table.c.contact_id, sorted(contacts)))).mappings():
            found.setdefault(row["contact_id"], []).append(row)
    lost = [reader for reader in readers if reader.person and not found.get(reader.contact_id)]
    if lost:
        persons = sorted({reader.person for reader in lost})
        query = made(sa.and_(table.c.person.in_(persons), *_nobodys(table, lost)))
        for row in asked.connection.execute(query).mappings():
            found.setdefault((row["source"], row["person"]), []).append(row)
    return [found.get(reader.contact_id) or found.get((reader.source, reader.person), []) for reader in readers]


def whose(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    """The columns that say whose a row is."""
    return table.c.contact_id, table.c.source, table.c.person


def _nobodys(table: sa.Table, readers: Sequence[Reader]) -> list[Condition]:
    """Rows of another contact are not shown, except to a preview, which is nobody's letter."""
    preview = all(not reader.contact_id for reader in readers)
    return [] if preview else [table.c.contact_id.is_(None)]


# ---- looks ----


def looks(asked: Asked, readers: Sequence[Reader], *where: Condition, days: int) -> list[list[sa.RowMapping]]:
    """The last looks of each reader at products that answer `where`: the product's columns, ``at`` and ``looked``."""
    since = asked.now - timedelta(days=days)
    ahead = (views.c.at > since, views.c.at <= asked.now)
    key = sa.and_(products.c.source == views.c.source, products.c.external_id == views.c.product)

    def made(mine: Condition) -> sa.Select[Any]:
        place = sa.func.row_number().over(
            partition_by=(views.c.contact_id, views.c.source, views.c.person), order_by=(views.c.at.desc(), views.c.id)
        )
        facts = (views.c.at, views.c.count.label("looked"), place.label("place"))
        person = (views.c.contact_id, views.c.person)
        query = sa.select(*COLUMNS, *person, *facts).join_from(views, products, key).where(mine, *ahead, *where)
        ranked = query.subquery("looks")
        return sa.select(ranked).where(ranked.c.place <= _LOOKS)

    return [sorted(one, key=lambda row: row["at"], reverse=True) for one in rows(asked, views, made, readers)]


# ---- orders ----

_ORDER = (
    *(orders.c.id, orders.c.external_id, orders.c.number, orders.c.status, orders.c.status_name, orders.c.total),
    *(orders.c.delivery_price, orders.c.currency, orders.c.created_at, orders.c.paid_at, orders.c.cancelled_at),
    *(orders.c.payments, orders.c.shipments),
)


def purchases(asked: Asked, readers: Sequence[Reader]) -> list[dict[Ref, datetime]]:
    """For each reader the families that they bought, and when last; cancelled orders do not count."""
    family = sa.case((products.c.parent != "", products.c.parent), else_=order_lines.c.product).label("family")
    key = sa.and_(products.c.source == orders.c.source, products.c.external_id == order_lines.c.product)

    def made(mine: Condition) -> sa.Select[Any]:
        lines = orders.join(order_lines, order_lines.c.order_id == orders.c.id).outerjoin(products, key)
        query = sa.select(*whose(orders), family, sa.func.max(orders.c.created_at).label("at")).select_from(lines)
        return query.where(mine, *standing(asked)).group_by(*whose(orders), family)

    found: list[dict[Ref, datetime]] = []
    for lines in rows(asked, orders, made, readers):
        last: dict[Ref, datetime] = {}
        for row in lines:
            ref = row["source"], row["family"]
            last[ref] = max(row["at"], last.get(ref, row["at"]))
        found.append(last)
    return found


def standing(asked: Asked) -> list[Condition]:
    """The order is there, and was not cancelled."""
    return [orders.c.gone_at.is_(None), orders.c.cancelled_at.is_(None), orders.c.created_at <= asked.now]


def last_orders(asked: Asked, readers: Sequence[Reader], *, days: int = 0) -> list[sa.RowMapping | None]:
    """The last order of each reader that stands, made `days` ago or earlier."""
    until = asked.now - timedelta(days=days)

    def made(mine: Condition) -> sa.Select[Any]:
        newest = (orders.c.created_at.desc(), orders.c.id.desc())
        place = sa.func.row_number().over(partition_by=whose(orders), order_by=newest)
        query = sa.select(*_ORDER, *whose(orders), place.label("place"))
        ranked = query.where(mine, *standing(asked), orders.c.created_at <= until).subquery("ranked")
        return sa.select(ranked).where(ranked.c.place == 1)

    found = rows(asked, orders, made, readers)
    return [max(one, key=lambda row: row["created_at"], default=None) for one in found]


def own_orders(asked: Asked, readers: Sequence[Reader]) -> list[sa.RowMapping | None]:
    """The order that each reader's letter is about, if it is the reader's own; never another one's."""
    subjects = sorted({reader.subject for reader in readers if reader.subject})
    if not subjects:
        return [None] * len(readers)

    def made(mine: Condition) -> sa.Select[Any]:
        asked_for = among(orders.c.external_id, subjects)
        return sa.select(*_ORDER, *whose(orders)).where(mine, asked_for, orders.c.gone_at.is_(None))

    return [
        next((row for row in own if row["external_id"] == reader.subject and _same_shop(row, reader)), None)
        for reader, own in zip(readers, rows(asked, orders, made, readers), strict=True)
    ]


def _same_shop(row: sa.RowMapping, reader: Reader) -> bool:
    """Two shops may both have an order 17."""
    return not reader.source or row["source"] == reader.source


def either(
    first: Sequence[sa.RowMapping | None], second: Callable[[], Sequence[sa.RowMapping | None]]
) -> list[sa.RowMapping | None]:
    """`first` where there is one, else `second`, which is asked only when one is missing."""
    if all(first):
        return list(first)
    return [one or other for one, other in zip(first, second(), strict=True)]


def lines_of(asked: Asked, found: Iterable[sa.RowMapping | None]) -> dict[int, list[sa.RowMapping]]:
    """Order id → its lines, in their order."""
    ids = sorted({one["id"] for one in found if one is not None})
    lines: dict[int, list[sa.RowMapping]] = {}
    for part in chunks(ids, 900):
        query = sa.select(order_lines).where(among(order_lines.c.order_id, part)).order_by(order_lines.c.id)
        for row in asked.connection.execute(query).mappings():
            lines.setdefault(row["order_id"], []).append(row)
    return lines


# ---- baskets, and what is waited for ----


def open_baskets(asked: Asked, readers: Sequence[Reader]) -> list[sa.RowMapping | None]:
    """The basket that each reader's letter is about, else their newest one, with something in it to buy."""

    def made(mine: Condition) -> sa.Select[Any]:
        told = (baskets.c.external_id, baskets.c.site, baskets.c.changed_at, baskets.c.created_at, baskets.c.lines)
        query = sa.select(*whose(baskets), *told)
        return query.where(mine, baskets.c.gone_at.is_(None)).order_by(baskets.c.id)

    found = rows(asked, baskets, made, readers)
    return [
        _newest([one for one in own if usable(one)], reader.subject) for reader, own in zip(readers, found, strict=True)
    ]


def _newest(own: list[sa.RowMapping], subject: str) -> sa.RowMapping | None:
    def changed(basket: sa.RowMapping) -> str:
        moment = basket["changed_at"] or basket["created_at"]
        return moment.isoformat() if moment else ""

    meant = [one for one in own if one["external_id"] == subject]
    return max(meant or own, key=changed, default=None)


def usable(basket: sa.RowMapping) -> list[Mapping[str, Any]]:
    """The lines that can be bought and are not put off."""
    return [line for line in basket["lines"] if line["buyable"] and not line["delayed"]]


def awaited(asked: Asked, readers: Sequence[Reader]) -> list[list[Ref]]:
    """The products that each reader has asked to be told of."""

    def made(mine: Condition) -> sa.Select[Any]:
        query = sa.select(*whose(subscriptions), subscriptions.c.list)
        there = (subscriptions.c.active, subscriptions.c.gone_at.is_(None), subscriptions.c.list.like("awaited:%"))
        return query.where(mine, *there)

    found = rows(asked, subscriptions, made, readers)
    return [[(row["source"], row["list"].removeprefix("awaited:")) for row in own] for own in found]


def wanted(asked: Asked, readers: Sequence[Reader], *, days: int) -> list[list[Ref]]:
    """What each reader waits for, has in the basket, or looked at in so many days: in this order, each once."""
    waits, carts = awaited(asked, readers), open_baskets(asked, readers)
    seen = looks(asked, readers, days=days)
    return [
        list(dict.fromkeys([*waiting, *_in(cart), *((row["source"], row["external_id"]) for row in looked)]))
        for waiting, cart, looked in zip(waits, carts, seen, strict=True)
    ]


def _in(basket: sa.RowMapping | None) -> list[Ref]:
    return [(basket["source"], line["product"]) for line in usable(basket)] if basket is not None else []
