"""What can be wrong with a Bitrix database, told before the first pull: access, tables, rights, clock, settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import places
from connectors.sources.bitrix_mysql.catalogue import Catalogue
from connectors.sources.bitrix_mysql.coupons import BitrixCoupons
from connectors.sources.bitrix_mysql.places import Place
from connectors.sources.bitrix_mysql.settings import Settings
from connectors.sources.bitrix_mysql.shop import Shop, opened
from core.errors import N_, Misconfigured, VestnikError
from core.model import Kind
from core.source import Finding

# what each kind cannot do without, and the module of Bitrix that makes those tables
NEEDED: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.PEOPLE: ("main", ("b_user",)),
    Kind.PRODUCTS: ("iblock", ("b_iblock", "b_iblock_element", "b_iblock_property", "b_iblock_section", "b_lang")),
    Kind.BASKETS: ("sale", ("b_sale_fuser", "b_sale_basket", "b_sale_order")),
    Kind.ORDERS: ("sale", ("b_sale_order", "b_sale_basket", "b_sale_order_props", "b_sale_order_props_value")),
    Kind.ORDER_CHANGES: ("sale", ("b_sale_order_change",)),
    Kind.VIEWS: ("catalog", ("b_catalog_viewed_product", "b_sale_fuser")),
}


def left_out(shop: Shop, kind: Kind) -> bool:
    """Whether this edition of Bitrix has no such thing: the module is not installed and its tables are not there.

    A table that is missing although its module is installed is a fault: its reader says so.
    """
    module, tables = NEEDED[kind]
    return not all(shop.has(table) for table in tables) and not places.installed(shop, module)


def findings(name: str, settings: Settings) -> Iterator[Finding]:
    """Everything that was looked at; never raises."""
    try:
        with opened(name, settings) as shop:
            yield _connected(shop)
            yield from _tables(shop)
            yield from _places(shop)
            yield from _site(shop)
            yield from _catalogue(shop)
            yield from _clock(shop)
            yield from _rights(shop)
    except VestnikError as error:
        yield Finding("connection", ok=False, advice=error)
    if settings.coupon_url.get_secret_value():
        yield from _coupons(name, settings)


def _coupons(name: str, settings: Settings) -> Iterator[Finding]:
    try:
        yield from BitrixCoupons(name, settings).findings()
    except VestnikError as error:
        yield Finding("coupons", ok=False, advice=error)


def _connected(shop: Shop) -> Finding:
    if shop.sqlite:
        return Finding("connected: SQLite", ok=True)
    return Finding(f"connected: {shop.scalar(sa.select(sa.func.version()))}", ok=True)


def _tables(shop: Shop) -> Iterator[Finding]:
    for kind, (module, tables) in NEEDED.items():
        missing = [table for table in tables if not shop.has(table)]
        if not missing:
            yield from _readable(shop, kind, tables)
        elif left_out(shop, kind):
            yield Finding(f"{kind.value}: module {module} is not installed, nothing will be read", ok=True)
        else:
            yield _no_right(kind.value, missing)


def _no_right(what: str, missing: Sequence[str]) -> Finding:
    template = N_("No table or no right: {tables}. Grant SELECT on them, see docs/mysql.md.")
    return Finding(what, ok=False, advice=VestnikError(template, tables=", ".join(missing)))


def _places(shop: Shop) -> Iterator[Finding]:
    for kind in places.KINDS:
        for name, place in places.places(shop, kind).items():
            yield _place(shop, place, f"{kind.value}, {name}")


def _place(shop: Shop, place: Place, what: str) -> Finding:
    missing = places.missing(shop, place)
    if not places.installed(shop, place.module) and missing:
        return Finding(f"{what}: module {place.module} is not installed, nothing will be read", ok=True)
    if missing and place.newer:
        advice = N_("No table or no right: {tables}. Versions of Bitrix before 2018 lack it; else grant SELECT on it.")
        return Finding(what, ok=True, advice=VestnikError(advice, tables=", ".join(missing)))
    if missing:
        return _no_right(what, missing)
    try:
        place.reader(shop)  # looks up the forms, fields, infoblocks and properties of the settings
    except Misconfigured as error:
        return Finding(what, ok=False, advice=error)
    return Finding(f"{what}: {', '.join(place.tables)}", ok=True)


def _readable(shop: Shop, kind: Kind, tables: tuple[str, ...]) -> Iterator[Finding]:
    rows = {table: shop.scalar(sa.select(sa.literal(1)).select_from(shop.table(table)).limit(1)) for table in tables}
    empty = [table for table, row in rows.items() if row is None]
    advice = VestnikError(N_("Empty: {tables}."), tables=", ".join(empty)) if empty else ""
    yield Finding(f"{kind.value}: {', '.join(tables)}", ok=True, advice=advice)


def _site(shop: Shop) -> Iterator[Finding]:
    if not shop.has("b_lang"):
        return
    table, site = shop.table("b_lang"), shop.settings.site
    known = [row["LID"] for row in shop.rows(sa.select(table.c.LID).order_by(table.c.SORT))]
    if site and site not in known:
        template = N_("b_lang has no such LID. Known: {known}.")
        yield Finding(f"site {site}", ok=False, advice=VestnikError(template, known=", ".join(known)))
    elif not Catalogue(shop).site_address[0]:
        advice = N_("b_lang.SERVER_NAME and option main/server_name are empty: goods in letters get no address.")
        yield Finding(f"site {site or ', '.join(known)}", ok=False, advice=VestnikError(advice))
    else:
        yield Finding(f"site {site or ', '.join(known)}: {Catalogue(shop).site_address[0]}", ok=True)


def _catalogue(shop: Shop) -> Iterator[Finding]:
    if left_out(shop, Kind.PRODUCTS) or not all(shop.has(table) for table in NEEDED[Kind.PRODUCTS][1]):
        return
    catalogue = Catalogue(shop)
    try:
        found = ", ".join(f"{one.id} {one.code}" for one in catalogue.infoblocks.values())
        priced = catalogue.price_type
    except Misconfigured as error:
        yield Finding("price type", ok=False, advice=error)
        return
    template = N_("The trade catalogue names no infoblock of this site. Set infoblocks = [ids].")
    what = f"infoblocks: {found or 'none'}; price type {priced or 'none'}"
    yield Finding(what, ok=bool(found), advice="" if found else VestnikError(template))


def _clock(shop: Shop) -> Iterator[Finding]:
    """A login that lies in the future says that the time zone of the settings is not PHP's."""
    if not shop.has("b_user"):
        return
    table = shop.table("b_user")
    last = shop.moment(shop.scalar(sa.select(sa.func.max(table.c.LAST_LOGIN))))
    if last is not None and last > shop.now() + timedelta(minutes=10):
        ahead = round((last - shop.now()) / timedelta(hours=1), 1)
        template = N_("The last login is {hours} h ahead of us: timezone must be date.timezone of the shop's php.ini.")
        yield Finding(f"timezone {shop.settings.timezone}", ok=False, advice=VestnikError(template, hours=ahead))
    else:
        yield Finding(f"timezone {shop.settings.timezone}", ok=True)


def _rights(shop: Shop) -> Iterator[Finding]:
    """More rights than needed work, but a leaked password should not be able to change the shop."""
    if shop.sqlite:
        return
    grants = " ".join(str(value) for row in shop.rows(sa.text("SHOW GRANTS")) for value in row.values())
    too_many = [right for right in ("ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "DROP") if right in grants]
    template = N_("This user may also {rights}: better one with only SELECT, see docs/mysql.md.")
    advice = VestnikError(template, rights=", ".join(too_many)) if too_many else ""
    yield Finding("rights: SELECT", ok=True, advice=advice)
