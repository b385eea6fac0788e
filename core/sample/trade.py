"""What the living sample shop itself does: takes payment, sends, cancels, changes prices and stock, shows new goods."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from core.sample import orders
from core.sample.catalogue import LINK, STORES, Section
from core.sample.goods import product
from core.sample.scene import Scene
from core.sample.words import GOODS, NOTES

_WAITING = sa.text(
    "SELECT ID, STATUS_ID, PAYED, PRICE FROM b_sale_order WHERE CANCELED = 'N' AND STATUS_ID IN ('N', 'P', 'S')"
    " ORDER BY ID DESC LIMIT 60"
)
_PAY = sa.text("UPDATE b_sale_order_payment SET PAID = 'Y', DATE_PAID = :at WHERE ORDER_ID = :order AND PAID = 'N'")
_PAID = sa.text(
    "UPDATE b_sale_order SET PAYED = 'Y', DATE_PAYED = :at, SUM_PAID = PRICE, DATE_UPDATE = :at WHERE ID = :order"
)
_CANCEL = sa.text(
    "UPDATE b_sale_order SET CANCELED = 'Y', DATE_CANCELED = :at, REASON_CANCELED = 'Передумал', DATE_UPDATE = :at"
    " WHERE ID = :order"
)
_MOVE = sa.text("UPDATE b_sale_order SET STATUS_ID = :status, DATE_STATUS = :at, DATE_UPDATE = :at WHERE ID = :order")
_SHIP = sa.text(
    "UPDATE b_sale_order_delivery SET STATUS_ID = 'DF', DEDUCTED = 'Y', DATE_DEDUCTED = :at, TRACKING_NUMBER = :track"
    " WHERE ORDER_ID = :order AND SYSTEM = 'N'"
)
_TRACK = sa.text("UPDATE b_sale_order SET TRACKING_NUMBER = :track, DATE_UPDATE = :at WHERE ID = :order")
_PRICES = sa.text("SELECT ID, PRICE FROM b_catalog_price WHERE PRODUCT_ID = :good ORDER BY ID")
_PRICE = sa.text("UPDATE b_catalog_price SET PRICE = :price, PRICE_SCALE = :price, TIMESTAMP_X = :at WHERE ID = :id")
_PARENT = sa.text(
    "SELECT VALUE_NUM FROM b_iblock_element_property WHERE IBLOCK_ELEMENT_ID = :good AND IBLOCK_PROPERTY_ID = :link"
)
_OFFERS = sa.text(
    "SELECT p.CATALOG_GROUP_ID, MIN(p.PRICE), MAX(c.AVAILABLE) FROM b_iblock_element_property l"
    " JOIN b_catalog_price p ON p.PRODUCT_ID = l.IBLOCK_ELEMENT_ID JOIN b_catalog_product c ON c.ID = p.PRODUCT_ID"
    " WHERE l.IBLOCK_PROPERTY_ID = :link AND l.VALUE_NUM = :parent GROUP BY p.CATALOG_GROUP_ID"
    " ORDER BY p.CATALOG_GROUP_ID"
)
_PARENT_PRICE = sa.text(
    "UPDATE b_catalog_price SET PRICE = :price, PRICE_SCALE = :price, TIMESTAMP_X = :at"
    " WHERE PRODUCT_ID = :parent AND CATALOG_GROUP_ID = :type AND PRICE <> :price"
)
_PARENT_STOCK = sa.text(
    "UPDATE b_catalog_product SET AVAILABLE = :available, QUANTITY_TRACE = :traced, CAN_BUY_ZERO = :zero,"
    " TIMESTAMP_X = :at WHERE ID = :parent AND AVAILABLE <> :available"
)
_QUANTITY = sa.text("SELECT QUANTITY FROM b_catalog_product WHERE ID = :good")
_STOCK = sa.text(
    "UPDATE b_catalog_product SET QUANTITY = :quantity, TIMESTAMP_X = :at, AVAILABLE ="
    " CASE WHEN :some = 1 OR QUANTITY_TRACE = 'N' OR CAN_BUY_ZERO = 'Y' THEN 'Y' ELSE 'N' END WHERE ID = :good"
)
_STORE = sa.text("UPDATE b_catalog_store_product SET AMOUNT = :amount WHERE PRODUCT_ID = :good AND STORE_ID = :store")
_SECTIONS = sa.text(
    "SELECT s.ID, s.NAME, top.CODE, s.CODE FROM b_iblock_section s JOIN b_iblock_section top"
    " ON top.ID = s.IBLOCK_SECTION_ID WHERE s.GLOBAL_ACTIVE = 'Y' ORDER BY s.ID"
)
_CENT = Decimal("0.01")


def pay(scene: Scene) -> None:
    """An order that was not paid is paid in full."""
    waiting = [order for order in scene.ask(_WAITING) if order.PAYED == "N"]
    if waiting:
        number = scene.rows.random.choice(waiting).ID
        scene.do(_PAY, order=number)
        scene.do(_PAID, order=number)
        orders.change(scene.rows, number, "ORDER_PAYED", {"PAYED": "Y"}, scene.at)


def move(scene: Scene) -> None:
    """The status of a paid order moves on; a parcel gets its tracking number."""
    waiting = [order for order in scene.ask(_WAITING) if order.PAYED == "Y"]
    if not waiting:
        return
    order = scene.rows.random.choice(waiting)
    status = orders.NEXT[order.STATUS_ID]
    if status == "S":
        track = f"RA{scene.rows.random.randint(10**8, 10**9 - 1)}RU"
        scene.do(_SHIP, order=order.ID, track=track)
        scene.do(_TRACK, order=order.ID, track=track)
        told = {"TRACKING_NUMBER": track}
        orders.change(scene.rows, order.ID, "SHIPMENT_TRACKING_NUMBER_CHANGED", told, scene.at)
    scene.do(_MOVE, order=order.ID, status=status)
    orders.status_change(scene.rows, order.ID, order.STATUS_ID, status, scene.at)


def cancel(scene: Scene) -> None:
    """The status stays where it was."""
    waiting = [order for order in scene.ask(_WAITING) if order.STATUS_ID == "N"]
    if waiting:
        number = scene.rows.random.choice(waiting).ID
        scene.do(_CANCEL, order=number)
        orders.change(scene.rows, number, "ORDER_CANCELED", {"CANCELED": "Y"}, scene.at)


def reprice(scene: Scene) -> None:
    """One to three goods become cheaper, or dearer, in all price types."""
    random, shelf = scene.rows.random, scene.shelf()
    for good in random.sample(shelf, min(len(shelf), random.randint(1, 3))):
        percent = random.choice((75, 80, 90, 95, 105, 110))
        for row in scene.ask(_PRICES, good=good.id):
            scene.do(_PRICE, id=row.ID, price=(Decimal(str(row.PRICE)) * percent / 100).quantize(_CENT))
        _tell_parent(scene, good.id)


def restock(scene: Scene) -> None:
    """A good runs out, or comes back."""
    shelf = scene.shelf()
    if shelf:
        good = scene.rows.random.choice(shelf).id
        left = quantity(scene, good)
        keep(scene, good, Decimal(0) if left > 0 else Decimal(scene.rows.random.choice((5, 12, 40))))


def quantity(scene: Scene, good: int) -> Decimal:
    """How many there are."""
    return Decimal(str(scene.connection.scalar(_QUANTITY, {"good": good}) or 0))


def keep(scene: Scene, good: int, amount: Decimal) -> None:
    """So many are there from now on."""
    scene.do(_STOCK, good=good, quantity=amount, some=int(amount > 0))
    second = amount // 3
    for store, part in zip(STORES, (amount - second, second), strict=True):
        scene.do(_STORE, good=good, store=store, amount=part)
    _tell_parent(scene, good)


def show_new(scene: Scene) -> None:
    """A new product, now and then with offers."""
    random = scene.rows.random
    sections = [Section(number, name, f"{top}/{code}") for number, name, top, code in scene.ask(_SECTIONS)]
    names = {name: words for parts in GOODS.values() for name, (words, _, _) in parts.items()}
    section = random.choice(sections)
    what, note = random.choice(names[section.name].split("|")), random.choice(NOTES)
    title = f"{what} {note} {scene.rows.next_id('b_iblock_element')}"
    product(scene.rows, section, title, name=section.name, created=scene.at)


def _tell_parent(scene: Scene, good: int) -> None:
    """A product with offers shows the least of their prices, and may be bought while one of them may."""
    parent = scene.connection.scalar(_PARENT, {"good": good, "link": LINK})
    if parent is None:
        return
    for price_type, price, available in scene.ask(_OFFERS, link=LINK, parent=parent):
        scene.do(_PARENT_PRICE, parent=parent, type=price_type, price=Decimal(str(price)))
        traced, zero = ("N", "Y") if available == "Y" else ("Y", "N")
        scene.do(_PARENT_STOCK, parent=parent, available=available, traced=traced, zero=zero)
