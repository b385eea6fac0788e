"""A shop in which every block has something to show, and a letter with all of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from core.model import Payment, Shipment
from tests.blocks.conftest import Shop, bought

NAMES = (
    "Чайник заварочный «Утро» из огнеупорного стекла, 800 мл",
    "Кружка",
    "Плед шерстяной 140 × 200",
    "Лампа настольная «Север»",
    "Ваза",
    "Набор полотенец, 3 шт.",
    "Корзина плетёная для белья с крышкой, большая",
    "Свеча",
)
EVERYTHING = """
<h1>{{ greeting }}</h1>
{{ block("text", heading="Что нового", text="Первый абзац.

Второй
в две строки.") }}
{{ block("valid_until", days=2) }}
{{ block("bonus", url="/bonus/") }}
{{ block("forgotten_basket") }}
{{ block("order_data", url="/personal/orders/{id}/") }}
{{ block("viewed") }}
{{ block("product", heading="Этот товар") }}
{{ block("recommended", limit=3) }}
{{ block("bought_with", limit=2) }}
{{ block("price_drop") }}
{{ block("back_in_stock") }}
{{ block("alternatives", to="viewed", limit=2, percent=500) }}
{{ block("popular", limit=2, exclude_bought=false) }}
{{ block("new_arrivals", limit=2) }}
{{ block("social_proof", limit=2, buyers=2) }}
{{ block("review_request", limit=2) }}
{{ block("replenish", limit=2) }}
{{ block("divider") }}
{{ block("image", image="/banner.png", alt="Осень в доме", url="/autumn/", height=180) }}
{{ block("columns", left={"title": "Доставка", "text": "За день.", "image": "/i/1.png", "alt": "Курьер"},
 right={"title": "Возврат", "text": "Тридцать дней.", "button": "Условия", "url": "/return/"}) }}
{{ block("survey", question="Почему вы давно не заходили?", answers=["Нет нужного", "Дорого", "Просто смотрю"],
 url="/survey/") }}
{{ block("button", text="В каталог", url="/catalog/") }}
"""


def furnished(shop: Shop) -> None:
    """Goods, looks, orders, a basket and prices that changed since."""
    for number, name in enumerate(NAMES, 1):
        shop.product(
            str(number),
            price=Decimal(number * 790),
            name=name,
            picture_url="" if number == 4 else f"/i/{number}.png",
            shows=number,
            created_at=shop.now - timedelta(days=number),
            available=number != 8,
        )
    for other in ("boris", "vera", "gleb"):
        shop.person(other)
        shop.order(f"of-{other}", other, "5", "3", "4", days_ago=3)
    shop.order("40", "anna", "6", days_ago=40)
    shop.order(
        "41",
        "anna",
        days_ago=2,
        lines=(bought("41", "5", 3950, 2, name=NAMES[4]), bought("41", "gone", 500, name="Снятое с продажи")),
        delivery_price=Decimal(350),
        total=Decimal(8750),
        payments=(Payment("Картой", Decimal(8750), paid_at=shop.now - timedelta(days=2)),),
        shipments=(Shipment("1", "Курьер", Decimal(350), shop.now - timedelta(days=1), "RB123456789RU"),),
    )
    for product, days in (("1", 1), ("2", 2), ("7", 3), ("8", 4)):
        shop.look("anna", product, days_ago=days)
    shop.awaits("anna", "8")
    shop.basket("b1", "anna", bought("b", "7", 6000, name=NAMES[6]), bought("b", "4", 3160, "1.5", name=NAMES[3]))
    shop.pull()
    shop.change("1", price=Decimal(590))
    shop.change("8", available=True)
    shop.pull()
