"""Coupons (`b_sale_discount_coupon`) on the shop's own discount rules: made once, ended when their time is over."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, Self, cast

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import discounts, values
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.settings import Settings
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.writing import WritableShop, engine_of, writable
from core.db import chunks
from core.errors import N_, Misconfigured, Refused
from core.model import Coupon, CouponFate, CouponTerms, CouponUse, DiscountRule
from core.source import Coupons, Ending, Finding

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # no I, L, O, 0, 1: people read codes to one another
_ONE_ORDER, _MANY_ORDERS = 2, 4  # TYPE; its default, 0, is a coupon that is never valid
_MOST_AT_ONCE = 1000
_PREFIX = re.compile(r"[A-Z0-9-]{1,18}")  # 32 characters with the rest of the code
_OTHERS = "b_catalog_discount_coupon"  # codes of the old catalogue's discounts: where it is, both share one space


class BitrixCoupons(Coupons):
    """The gift of one Bitrix shop.

    Connecting takes 30 ms (PyMySQL reads all certificates of the machine each time), a coupon 5: so the block.
    """

    def __init__(self, source: str, settings: Settings) -> None:
        super().__init__(source)
        self._settings = settings
        self._columns: dict[str, set[str]] = {}

    def __enter__(self) -> Self:
        self._engine = engine_of(self.source, self._settings, pool=sa.QueuePool)
        return self

    def __exit__(self, *error: object) -> None:
        self._engine.dispose()
        del self._engine

    @cached_property
    def _engine(self) -> sa.Engine:
        return engine_of(self.source, self._settings)

    @contextmanager
    def _opened(self) -> Iterator[WritableShop]:
        with writable(self.source, self._settings, self._engine) as shop:
            # asked of information_schema once, not with each coupon
            self._columns = shop.columns = self._columns or shop.columns
            yield shop

    def rules(self, *, now: datetime) -> list[DiscountRule]:
        with self._opened() as shop:
            return discounts.rules(shop, now)

    def create(self, terms: CouponTerms, *, secret: str, now: datetime) -> Coupon:
        code = _code(terms, secret)
        with self._opened() as shop:
            coupon = _found(shop, code)
            if coupon is None:
                shop.change(_insert(shop, _row(shop, terms, code, now)))
                coupon = _found(shop, code)
        if coupon is None:
            self.check(terms.rule, now=now)
            template = N_("Source {source!r}: the coupon code {code} is taken in the old catalogue ({table}).")
            raise Refused(template, source=self.source, code=code, table=_OTHERS)
        return coupon

    def expire(self, codes: Iterable[str], *, ending: Ending, now: datetime) -> dict[str, CouponFate]:
        found: dict[str, CouponFate] = {}
        with self._opened() as shop:
            for part in chunks(dict.fromkeys(codes), _MOST_AT_ONCE):
                before = _standing(shop, part)
                shop.change(_end(shop, part, ending, now))
                after = _standing(shop, part)
                found |= {code: _fate(before.get(_key(code)), after.get(_key(code)), ending) for code in part}
        return found

    def standing(self, codes: Iterable[str]) -> set[str]:
        found: set[str] = set()
        with self._opened() as shop:
            for part in chunks(dict.fromkeys(codes), _MOST_AT_ONCE):
                rows = _standing(shop, part)
                found |= {code for code in part if _key(code) in rows and values.yes(rows[_key(code)]["ACTIVE"])}
        return found

    def usage(self, codes: Iterable[str]) -> dict[str, CouponUse]:
        found: dict[str, CouponUse] = {}
        with self._opened() as shop:
            for part in chunks(dict.fromkeys(codes), _MOST_AT_ONCE):
                standing = _standing(shop, part)
                unused = {key for key, row in standing.items() if not _is_used(row)}
                orders = _orders(shop, [code for code in part if _key(code) not in unused])
                for code in part:
                    found[code] = _use(shop, standing.get(_key(code)), orders.get(_key(code), []))
        return found

    def findings(self) -> Iterator[Finding]:
        """What the doctor says: whether coupons may be made and ended, tried by statements that change no row."""
        with self._opened() as shop:
            now = shop.now()
            shop.change(_insert(shop, _row(shop, CouponTerms(rule="0", key=""), "", now)))
            shop.change(_end(shop, [], CouponFate.DEACTIVATED, now))
            shop.change(_end(shop, [], CouponFate.DELETED, now))
            rules = discounts.rules(shop, now)
        usable = [f"{rule.external_id} {rule.name}" for rule in rules if rule.refusal is None]
        template = N_("No discount rule can carry coupons: make one in the shop, with one coupon of your own.")
        advice = "" if usable else Misconfigured(template)
        yield Finding(f"coupons: discount rules {', '.join(usable) or 'none'}", ok=bool(usable), advice=advice)


def _code(terms: CouponTerms, secret: str) -> str:
    """The one code of this key: 12 signs of 31, 59 bits, so whatever stands under it is the coupon of this key.

    A code made by chance could not be found again after a crash: no column but COUPON has an index.
    """
    prefix = terms.prefix.upper()
    if not _PREFIX.fullmatch(prefix):
        raise Misconfigured(N_("Coupon prefix {prefix!r}: 1 to 18 Latin letters, digits and hyphens."), prefix=prefix)
    number = int.from_bytes(hmac.digest(secret.encode(), f"coupon {terms.key}".encode(), hashlib.sha256))
    signs = []
    for _ in range(12):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return f"{prefix}-{''.join(signs[:5])}-{''.join(signs[5:])}"


def _row(shop: Shop, terms: CouponTerms, code: str, now: datetime) -> dict[str, Any]:
    """The coupon as Bitrix's own form would save it. Raises Refused for terms that no coupon can have."""
    if terms.person and not (terms.person.isdecimal() and int(terms.person) > 0):
        raise Refused(N_("{person!r} is no user of the shop: a coupon cannot be bound to them."), person=terms.person)
    if terms.valid_until and terms.valid_until <= max(now, terms.valid_from or now):
        template = N_("A coupon valid until {until} would never be valid.")
        raise Refused(template, until=terms.valid_until.isoformat())
    if terms.max_uses < 0:
        raise Refused(N_("A coupon cannot be used {times} times."), times=terms.max_uses)
    return {
        "DISCOUNT_ID": _number(terms.rule),
        "ACTIVE": "Y",
        "ACTIVE_FROM": terms.valid_from and shop.local(terms.valid_from),
        "ACTIVE_TO": terms.valid_until and shop.local(terms.valid_until),
        "COUPON": code,
        "TYPE": _MANY_ORDERS if terms.multi_use else _ONE_ORDER,
        "MAX_USE": terms.max_uses if terms.multi_use else 1,
        "USE_COUNT": 0,
        "USER_ID": _number(terms.person),
        "TIMESTAMP_X": shop.local(now),
        "DATE_CREATE": shop.local(now),
        "DESCRIPTION": terms.description,
    }


def _number(external_id: str) -> int:
    """0, which no row has, for anything else."""
    return int(external_id) if external_id.isdecimal() else 0


def _insert(shop: Shop, row: Mapping[str, Any]) -> sa.Insert:
    """One statement that puts the coupon in unless its code is there already or its rule carries none.

    There is no unique index. But InnoDB locks the place in COUPON's index where it did not find the code, so of two who
    make the same coupon at the same moment one waits, or is undone and tries again (`WritableShop.change`).
    """
    coupons, rules = _table(shop, "b_sale_discount_coupon"), shop.table("b_sale_discount")
    spaces = [coupons, shop.table(_OTHERS)] if shop.has(_OTHERS) else [coupons]
    taken = [_is_there(shop, table, row["COUPON"]) for table in spaces]
    carries = sa.select(rules.c.ID).where(
        rules.c.ID == row["DISCOUNT_ID"], rules.c.ACTIVE == "Y", rules.c.USE_COUPONS == "Y"
    )
    once = sa.select(sa.literal(1).label("once")).subquery()  # MySQL 5.7 takes no WHERE without a FROM
    chosen = sa.select(*(sa.literal(value).label(name) for name, value in row.items())).select_from(once)
    return sa.insert(coupons).from_select(list(row), chosen.where(carries.exists(), *(~one for one in taken)))


def _is_there(shop: Shop, table: sa.FromClause, code: str) -> sa.Exists:
    return sa.select(table.c.COUPON).where(_among(shop, table.c.COUPON, [code])).exists()


def _end(shop: Shop, codes: Sequence[str], ending: Ending, now: datetime) -> sa.Update | sa.Delete:
    """One statement; it says once more what "not used" is, for somebody may be paying at this moment."""
    coupons = _table(shop, "b_sale_discount_coupon")
    unused = (_among(shop, coupons.c.COUPON, codes), coupons.c.DATE_APPLY.is_(None), coupons.c.USE_COUNT == 0)
    if ending is CouponFate.DELETED:
        return sa.delete(coupons).where(*unused)
    return sa.update(coupons).where(*unused).values(ACTIVE="N", TIMESTAMP_X=shop.local(now))


def _table(shop: Shop, name: str) -> sa.TableClause:
    return cast("sa.TableClause", shop.table(name))


def _among(shop: Shop, column: sa.ColumnElement[Any], codes: Collection[str]) -> sa.ColumnElement[bool]:
    """In whatever case: the collations of Bitrix bases see to it, SQLite must be told."""
    return (column.collate("NOCASE") if shop.sqlite else column).in_(codes)


def _key(code: str) -> str:
    return code.upper()


def _found(shop: Shop, code: str) -> Coupon | None:
    coupons = shop.table("b_sale_discount_coupon")
    columns = [coupons.c[name] for name in ("COUPON", "DISCOUNT_ID", "ACTIVE_FROM", "ACTIVE_TO")]
    query = sa.select(*columns).where(_among(shop, coupons.c.COUPON, [code])).order_by(coupons.c.ID).limit(1)
    for row in shop.rows(query):
        return Coupon(
            row["COUPON"], str(row["DISCOUNT_ID"]), shop.moment(row["ACTIVE_FROM"]), shop.moment(row["ACTIVE_TO"])
        )
    return None


def _standing(shop: Shop, codes: Sequence[str]) -> dict[str, Row]:
    """Code in capitals → its row, of those that are in the shop."""
    coupons = shop.table("b_sale_discount_coupon")
    query = sa.select(coupons.c.COUPON, coupons.c.ACTIVE, coupons.c.DATE_APPLY, coupons.c.USE_COUNT)
    return {_key(row["COUPON"]): row for row in shop.rows(query.where(_among(shop, coupons.c.COUPON, codes)))}


def _is_used(row: Row) -> bool:
    """One for a single order keeps USE_COUNT 0 when it is used: only DATE_APPLY tells."""
    return row["DATE_APPLY"] is not None or values.number(row["USE_COUNT"]) > 0


def _fate(before: Row | None, after: Row | None, ending: Ending) -> CouponFate:
    if before is None or (after is None and ending is CouponFate.DEACTIVATED):
        return CouponFate.GONE
    return CouponFate.USED if after is not None and _is_used(after) else ending


def _use(shop: Shop, row: Row | None, orders: Sequence[str]) -> CouponUse:
    if row is None or not _is_used(row):
        return CouponUse(len(orders), None, tuple(orders))
    times = max(values.number(row["USE_COUNT"]), len(orders), 1)
    return CouponUse(times, shop.moment(row["DATE_APPLY"]), tuple(orders))


def _orders(shop: Shop, codes: Sequence[str]) -> dict[str, list[str]]:
    """Code in capitals → the orders that it was used in. The table has no index by code: it is asked in ranges."""
    if not codes or not shop.has("b_sale_order_coupons"):
        return {}
    table = shop.table("b_sale_order_coupons")
    keys = in_ranges(shop, table.c.ID, sa.select(table.c.ID.label("key")).where(_among(shop, table.c.COUPON, codes)), 0)
    found: dict[str, list[str]] = {}
    for row in shop.rows_in(sa.select(table.c.COUPON, table.c.ORDER_ID), table.c.ID, keys):
        orders = found.setdefault(_key(row["COUPON"]), [])
        if str(row["ORDER_ID"]) not in orders:
            orders.append(str(row["ORDER_ID"]))
    return found
