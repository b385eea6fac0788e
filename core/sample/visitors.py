"""What visitors of the living sample shop do: register, log in, look at goods, fill and empty baskets, order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa

from core.sample import baskets, orders, people, trade
from core.sample.goods import Good
from core.sample.scene import Scene, last_id

_LOG_IN = sa.text(
    "UPDATE b_user SET LAST_LOGIN = :at, LAST_ACTIVITY_DATE = :at, TIMESTAMP_X = TIMESTAMP_X WHERE ID = :user"
)
_SEEN_AGAIN = sa.text(
    "UPDATE b_catalog_viewed_product SET DATE_VISIT = :at, PRODUCT_ID = :good, VIEW_COUNT = VIEW_COUNT + 1"
    " WHERE FUSER_ID = :fuser AND SITE_ID = 's1' AND ELEMENT_ID = :parent"
)
_SEEN = sa.text(
    "SELECT ID, ELEMENT_ID FROM b_catalog_viewed_product WHERE FUSER_ID = :fuser AND SITE_ID = 's1'"
    " ORDER BY DATE_VISIT DESC, ID DESC"
)
_FORGET = sa.text("DELETE FROM b_catalog_viewed_product WHERE ID = :id")
_ONE_MORE = sa.text("UPDATE b_sale_basket SET QUANTITY = QUANTITY + 1, DATE_UPDATE = :at WHERE ID = :id")
_IN_BASKET = sa.text(
    "SELECT MIN(ID) FROM b_sale_basket WHERE FUSER_ID = :fuser AND ORDER_ID IS NULL AND PRODUCT_ID = :good"
)
_OPEN = sa.text(
    "SELECT b.FUSER_ID, MAX(f.USER_ID), MAX(b.ID) FROM b_sale_basket b JOIN b_sale_fuser f ON f.ID = b.FUSER_ID"
    " JOIN b_user u ON u.ID = f.USER_ID"
    " WHERE b.ORDER_ID IS NULL AND b.LID = 's1' AND b.DELAY = 'N' AND b.CAN_BUY = 'Y' AND b.MODULE = 'catalog'"
    "  AND u.ACTIVE = 'Y' AND u.BLOCKED = 'N' GROUP BY b.FUSER_ID ORDER BY b.FUSER_ID"
)
_TAKE_OUT = (
    sa.text(
        "DELETE FROM b_sale_basket_props WHERE BASKET_ID IN (SELECT ID FROM b_sale_basket"
        " WHERE FUSER_ID = :fuser AND ORDER_ID IS NULL AND ID >= :since AND ID < :last)"
    ),
    sa.text("DELETE FROM b_sale_basket WHERE FUSER_ID = :fuser AND ORDER_ID IS NULL AND ID >= :since AND ID < :last"),
)
_LINES = sa.text(
    "SELECT b.ID, b.PRODUCT_ID, b.PRICE, b.QUANTITY, COALESCE(b.SET_PARENT_ID, 0) AS PARENT, p.AVAILABLE"
    " FROM b_sale_basket b JOIN b_catalog_product p ON p.ID = b.PRODUCT_ID"
    " WHERE b.FUSER_ID = :fuser AND b.ORDER_ID IS NULL AND b.LID = 's1' AND b.DELAY = 'N' AND b.CAN_BUY = 'Y'"
    "  AND b.MODULE = 'catalog' ORDER BY b.ID"
)
_ORDERED = sa.text("UPDATE b_sale_basket SET ORDER_ID = :order, DATE_UPDATE = :at WHERE ID = :id")
_USER = sa.text("SELECT EMAIL, NAME, PERSONAL_MOBILE FROM b_user WHERE ID = :user")


def register(scene: Scene) -> None:
    """Somebody new, three in four with a birthday."""
    random = scene.rows.random
    born = date(1950, 1, 1) + timedelta(days=random.randint(0, 55 * 365)) if random.random() < 0.75 else None
    people.ordinary(scene.rows, scene.at, birthday=born)


def log_in(scene: Scene) -> None:
    """Bitrix leaves TIMESTAMP_X as it is."""
    if buyer := scene.buyer():
        scene.do(_LOG_IN, user=buyer.ID)


def look(scene: Scene) -> None:
    """One to three goods; Bitrix keeps a row for a product, and ten of them for a visitor."""
    visitor, shelf = _visitor(scene), scene.shelf()
    if visitor is None:
        return
    seen = scene.ask(_SEEN, fuser=visitor)
    picked = {good.parent: good for good in _some(scene, shelf, 3)}
    for good in picked.values():
        if any(row.ELEMENT_ID == good.parent for row in seen):
            scene.do(_SEEN_AGAIN, good=good.id, fuser=visitor, parent=good.parent)
        else:
            baskets.view(scene.rows, visitor, good, scene.at)
    others = [row for row in seen if row.ELEMENT_ID not in picked]
    for row in others[baskets.VIEWS_KEPT - len(picked) :]:
        scene.do(_FORGET, id=row.ID)


def fill(scene: Scene) -> None:
    """One to three goods into a basket; what lies there already becomes one more."""
    visitor = _visitor(scene)
    if visitor is None:
        return
    for good in _some(scene, scene.on_sale(), 3):
        line = scene.connection.scalar(_IN_BASKET, {"fuser": visitor, "good": good.id})
        if line is None:
            baskets.line(scene.rows, visitor, good, scene.at)
        else:
            scene.do(_ONE_MORE, id=line)


def empty(scene: Scene) -> None:
    """The newest line is taken out of a basket, or all of them."""
    found = scene.ask(_OPEN)
    if not found:
        return
    fuser, _, newest = scene.rows.random.choice(found)
    last = last_id(scene.connection, "b_sale_basket")  # the shop's newest line stays: its ID must not come again
    since = scene.rows.random.choice((newest, 0))
    for statement in _TAKE_OUT:
        scene.do(statement, fuser=fuser, since=since, last=last)


def order(scene: Scene) -> None:
    """What can be bought of an open basket gets the order's number; the rest stays."""
    found = scene.ask(_OPEN)
    if not found:
        return
    fuser, user, _ = scene.rows.random.choice(found)
    lines = scene.ask(_LINES, fuser=fuser)
    bought = {line.ID: line for line in lines if line.PARENT in {0, line.ID} and line.AVAILABLE == "Y"}
    if not bought:
        return
    total = sum((_decimal(line.PRICE) * _decimal(line.QUANTITY) for line in bought.values()), Decimal())
    email, name, phone = scene.ask(_USER, user=user)[0]
    number = orders.place(scene.rows, orders.Customer(user, email or "", name or "", phone or ""), total, scene.at)
    for line in lines:
        if line.ID in bought or line.PARENT in bought:
            scene.do(_ORDERED, order=number, id=line.ID)
    for line in bought.values():
        left = trade.quantity(scene, line.PRODUCT_ID) - _decimal(line.QUANTITY)
        trade.keep(scene, line.PRODUCT_ID, max(left, Decimal(0)))
    scene.do(_LOG_IN, user=user)


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _visitor(scene: Scene) -> int | None:
    """Somebody who has been here, or comes for the first time."""
    buyer = scene.buyer()
    if buyer is None:
        return None
    known = scene.fuser(buyer.ID)
    return known if known is not None else baskets.fuser(scene.rows, buyer.ID, scene.at)


def _some(scene: Scene, shelf: list[Good], most: int) -> list[Good]:
    return scene.rows.random.sample(shelf, min(len(shelf), scene.rows.random.randint(1, most)))
