from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from core import db
from core.sample import life, trade, visitors
from core.sample.life import Life
from core.sample.rows import Rows
from core.sample.scene import Scene, last_id
from core.sample.shop import make_shop
from tests.bitrix import shop_engine
from tests.core.sample.believable import BREACHES
from tests.core.sample.conftest import TODAY, Shop, everything

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LOCAL = "2026-11-24 12:00:00"
STEPS = 40


def lived(engine: sa.Engine, steps: int, *, since: int = 0) -> None:
    for number in range(since, since + steps):
        Life().step(engine, NOW + timedelta(seconds=20 * number))


def happens(shop: Shop, happen: Callable[[Scene], None], *, seed: int = 1) -> None:
    with db.writing(shop.engine) as connection:
        rows = Rows(TODAY, seed, last=partial(last_id, connection))
        happen(Scene(connection, rows, datetime.fromisoformat(LOCAL)))
        rows.write(connection)


def changed(shop: Shop, table: str, column: str) -> int:
    return int(shop.ask(f"SELECT COUNT(*) FROM {table} WHERE {column} = '{LOCAL}'")[0][0])


def test_a_shop_that_lived_on_is_still_believable(shop: Shop) -> None:
    lived(shop.engine, STEPS)
    assert {rule: found for rule, query in BREACHES.items() if (found := shop.ask(query))} == {}


def test_everything_that_can_happen_happens_and_is_dated_now(shop: Shop) -> None:
    lived(shop.engine, STEPS)
    for table, column in (
        ("b_user", "DATE_REGISTER"),
        ("b_user", "LAST_LOGIN"),
        ("b_catalog_viewed_product", "DATE_VISIT"),
        ("b_sale_basket", "DATE_INSERT"),
        ("b_sale_order", "DATE_INSERT"),
        ("b_sale_order", "DATE_STATUS"),
        ("b_sale_order", "DATE_PAYED"),
        ("b_sale_order_change", "DATE_CREATE"),
        ("b_catalog_price", "TIMESTAMP_X"),
        ("b_catalog_product", "TIMESTAMP_X"),
    ):
        newest = str(shop.ask(f"SELECT MAX({column}) FROM {table}")[0][0])
        assert "2026-11-24 12:00:00" <= newest <= "2026-11-24 12:13:20", f"{table}.{column}: {newest}"


def test_the_same_steps_make_the_same_life(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with shop_engine("sqlite", tmp_path) as engine:
            make_shop(engine, today=TODAY, users=120)
            lived(engine, 15)
            found.append(everything(engine))
    assert found[0] == found[1]


def test_a_restarted_life_goes_on_instead_of_repeating_itself(shop: Shop) -> None:
    lived(shop.engine, 3)
    assert shop.ask("SELECT VALUE FROM b_option WHERE NAME = '~sample_step'") == [("3",)]
    lived(shop.engine, 1, since=3)
    assert shop.ask("SELECT VALUE FROM b_option WHERE NAME = '~sample_step'") == [("4",)]


def test_a_step_that_breaks_in_the_middle_leaves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_after_registering(scene: Scene) -> None:
        visitors.register(scene)
        scene.rows.write(scene.connection)
        raise KeyboardInterrupt

    before = everything(shop.engine)
    with monkeypatch.context() as patch:
        patch.setattr(life, "_HAPPENINGS", ((break_after_registering, 1),))
        with pytest.raises(KeyboardInterrupt):
            Life().step(shop.engine, NOW)
    assert everything(shop.engine) == before
    lived(shop.engine, 1)
    assert everything(shop.engine) != before


def test_a_reader_and_the_life_do_not_disturb_each_other(tmp_path: Path) -> None:
    with shop_engine("sqlite", tmp_path) as engine:
        make_shop(engine, today=TODAY, users=120)
        done, reads, faults = Event(), [0], []

        def read() -> None:
            reader = sa.create_engine(engine.url, connect_args={"timeout": 0})  # no patience: any lock would show
            try:
                while not done.is_set():
                    with reader.connect() as connection:
                        connection.exec_driver_sql("SELECT COUNT(*), MAX(DATE_UPDATE) FROM b_sale_basket").all()
                        reads[0] += 1
            except sa.exc.OperationalError as error:
                faults.append(error)
            reader.dispose()

        thread = Thread(target=read)
        thread.start()
        lived(engine, 30)
        done.set()
        thread.join()
        assert reads[0] > 0
        assert faults == []


def test_a_login_leaves_the_date_of_change_as_it_was(shop: Shop) -> None:
    before = shop.ask("SELECT TIMESTAMP_X FROM b_user ORDER BY ID")
    happens(shop, visitors.log_in)
    assert changed(shop, "b_user", "LAST_LOGIN") == 1
    assert shop.ask("SELECT TIMESTAMP_X FROM b_user ORDER BY ID") == before


def test_an_order_takes_the_rows_of_the_basket_and_leaves_the_postponed(shop: Shop) -> None:
    before = {row[0] for row in shop.ask("SELECT ID FROM b_sale_basket WHERE ORDER_ID IS NULL AND DELAY = 'N'")}
    for seed in range(5):
        happens(shop, visitors.order, seed=seed)
    taken = shop.ask(
        "SELECT b.ID FROM b_sale_basket b JOIN b_sale_order o ON o.ID = b.ORDER_ID WHERE o.DATE_INSERT = :at", at=LOCAL
    )
    assert {row[0] for row in taken} <= before
    assert taken
    assert changed(shop, "b_sale_order", "DATE_INSERT") == len(
        shop.ask("SELECT ID FROM b_sale_order_change WHERE TYPE = 'ORDER_ADDED' AND DATE_CREATE = :at", at=LOCAL)
    )


def test_what_is_out_of_stock_cannot_be_ordered(shop: Shop) -> None:
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE b_catalog_product SET QUANTITY = 0, AVAILABLE = 'N', CAN_BUY_ZERO = 'N'")
    happens(shop, visitors.order)
    assert changed(shop, "b_sale_order", "DATE_INSERT") == 0


def test_what_is_sold_on_order_does_not_go_below_nothing(shop: Shop) -> None:
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE b_catalog_product SET QUANTITY = 0, AVAILABLE = 'Y', CAN_BUY_ZERO = 'Y'")
    happens(shop, visitors.order)
    assert changed(shop, "b_sale_order", "DATE_INSERT") == 1
    assert shop.ask("SELECT ID FROM b_catalog_product WHERE QUANTITY <> 0") == []


def test_a_status_moves_with_its_line_of_history_and_its_dates(shop: Shop) -> None:
    happens(shop, trade.move)
    ((number, status, date_update),) = shop.ask(
        "SELECT ID, STATUS_ID, DATE_UPDATE FROM b_sale_order WHERE DATE_STATUS = :at", at=LOCAL
    )
    ((told,),) = shop.ask(
        "SELECT DATA FROM b_sale_order_change WHERE ORDER_ID = :id AND TYPE = 'ORDER_STATUS_CHANGED'"
        " AND DATE_CREATE = :at",
        id=number,
        at=LOCAL,
    )
    assert f's:9:"STATUS_ID";s:1:"{status}";' in told
    assert str(date_update) == LOCAL


def test_a_cancelled_order_keeps_its_status(shop: Shop) -> None:
    happens(shop, trade.cancel)
    rows = shop.ask("SELECT STATUS_ID, DATE_CANCELED, DATE_STATUS FROM b_sale_order WHERE DATE_UPDATE = :at", at=LOCAL)
    ((status, cancelled, date_status),) = rows
    assert (status, str(cancelled)) == ("N", LOCAL)
    assert str(date_status) < LOCAL


def test_a_good_runs_out_and_comes_back(shop: Shop) -> None:
    def available(good: int) -> str:
        return str(shop.ask("SELECT AVAILABLE FROM b_catalog_product WHERE ID = :id", id=good)[0][0])

    ((good,),) = shop.ask(
        "SELECT MIN(ID) FROM b_catalog_product WHERE TYPE = 4 AND AVAILABLE = 'Y' AND CAN_BUY_ZERO = 'N'"
    )
    happens(shop, lambda scene: trade.keep(scene, good, 0 * trade.quantity(scene, good)))
    assert available(good) == "N"
    happens(shop, lambda scene: trade.keep(scene, good, 5 + trade.quantity(scene, good)))
    assert available(good) == "Y"


def test_prices_fall_or_rise_in_all_types(shop: Shop) -> None:
    happens(shop, trade.reprice)
    touched = {row[0] for row in shop.ask("SELECT PRODUCT_ID FROM b_catalog_price WHERE TIMESTAMP_X = :at", at=LOCAL)}
    assert touched
    assert changed(shop, "b_catalog_price", "TIMESTAMP_X") == 2 * len(touched)


def test_a_new_product_can_be_bought_like_any_other(shop: Shop) -> None:
    last = shop.ask("SELECT MAX(ID) FROM b_iblock_element")[0][0]
    happens(shop, trade.show_new)
    with shop.engine.connect() as connection:
        shelf = Scene(connection, Rows(TODAY, 1), datetime.fromisoformat(LOCAL)).shelf()
    assert any(good.id > last for good in shelf)


def test_the_eleventh_view_pushes_out_the_oldest(shop: Shop) -> None:
    for seed in range(60):
        happens(shop, visitors.look, seed=seed)
    assert shop.ask(BREACHES["a visitor has at most ten views, and a product once"]) == []
    assert changed(shop, "b_catalog_viewed_product", "DATE_VISIT") > 30


def test_a_basket_is_emptied_but_the_newest_number_never_comes_again(shop: Shop) -> None:
    happens(shop, visitors.fill)
    happens(shop, visitors.fill, seed=2)
    ((last, fuser),) = shop.ask("SELECT ID, FUSER_ID FROM b_sale_basket ORDER BY ID DESC LIMIT 1")
    with shop.engine.begin() as connection:
        others = sa.text("DELETE FROM b_sale_basket WHERE ORDER_ID IS NULL AND FUSER_ID <> :fuser")
        connection.execute(others, {"fuser": fuser})
    assert len(shop.ask("SELECT ID FROM b_sale_basket WHERE ORDER_ID IS NULL")) > 1
    for seed in range(10):
        happens(shop, visitors.empty, seed=seed)
    assert shop.ask("SELECT ID FROM b_sale_basket WHERE ORDER_ID IS NULL") == [(last,)]


def test_a_shop_without_people_goods_and_orders_lives_on(empty: sa.Engine) -> None:
    make_shop(empty, today=TODAY, users=1)
    with empty.begin() as connection:
        emptied = ("b_sale_basket", "b_sale_basket_props", "b_sale_fuser", "b_catalog_product", "b_sale_order")
        for table in (*emptied, *(f"b_sale_order_{part}" for part in ("props_value", "payment", "delivery", "change"))):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql("UPDATE b_user SET ACTIVE = 'N'")
    lived(empty, 10)
