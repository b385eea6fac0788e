"""After an order: its products to be reviewed, and what has been used up by now."""

from __future__ import annotations

from tests.blocks.conftest import Shop, bought


def test_the_products_of_the_order_are_to_be_reviewed(shop: Shop) -> None:
    shop.product("cup", available=False)
    shop.product("tea", active=False)
    shop.product("red", parent="mug")
    shop.product("blue", parent="mug")
    shop.person("boris")
    shop.order("17", "anna", "cup", "tea", "red", "blue", "unknown", days_ago=9)
    shop.order("18", "anna", "tea", days_ago=1)
    shop.pull()
    assert shop.shown("review_request", shop.reader("anna", subject="17")) == ["cup", "red"]
    assert shop.ask("review_request", "anna") == [None], "what is not in the shop has no page to be reviewed on"
    assert shop.ask("review_request", shop.reader("boris", subject="17")) == [None]


def test_a_review_is_written_behind_the_mark_of_the_link(shop: Shop) -> None:
    shop.product("cup")
    shop.order("17", "anna", "cup")
    shop.pull()
    text = shop.letter('{{ block("review_request", suffix="?tab=1#otzyvy") }}').text
    assert "Оставить отзыв: https://shop.ru/goods/cup/?tab=1&utm_source=newsletter" in text
    assert "utm_content=review_request#otzyvy" in text


def test_what_was_bought_a_month_ago_and_not_since_is_due(shop: Shop) -> None:
    for id in ("cream", "soap", "lamp", "sold"):
        shop.product(id, available=id != "sold", section="20" if id == "lamp" else "10")
    shop.order("1", "anna", "cream", "soap", "lamp", "sold", days_ago=31)
    shop.order("2", "anna", "soap", days_ago=5)
    shop.pull()
    assert shop.shown("replenish", "anna") == ["cream", "lamp"]
    assert shop.shown("replenish", "anna", section="10") == ["cream"]
    assert shop.ask("replenish", "anna", days=32) == [None]


def test_the_product_or_order_of_the_letter_is_what_is_due(shop: Shop) -> None:
    for id in ("cream", "soap", "lamp"):
        shop.product(id)
    shop.order("1", "anna", "cream", "lamp", days_ago=90)
    shop.order("2", "anna", "soap", days_ago=40)
    shop.pull()
    assert shop.shown("replenish", "anna") == ["soap"]
    assert shop.shown("replenish", shop.reader("anna", subject="1")) == ["cream", "lamp"]
    assert shop.shown("replenish", shop.reader("anna", subject="cream")) == ["cream"]


def test_a_batch_takes_a_bounded_number_of_statements(shop: Shop) -> None:
    shop.product("cream")
    for number in range(200):
        shop.person(f"p{number}")
        lines = (bought(str(number), "cream"),)
        shop.order(str(number), f"p{number}", lines=lines, days_ago=40)
    shop.pull()
    readers = [shop.reader(f"p{number}", subject=str(number)) for number in range(200)]
    for code in ("replenish", "review_request"):
        assert all(shop.ask(code, *readers))
        assert len(shop.statements) <= 5
