"""Random rules over all words: for each word how its value may be written, and how words join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from core.rules import Group
from tests.core.rules.second_opinion import worlds
from tests.core.rules.second_opinion.on_rfm import SEGMENTS

Tables = st.SearchStrategy[dict[str, Any]]
Strategy = st.SearchStrategy[Any]


def one_or_several(*values: Any) -> Strategy:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def table(least: int = 0, most: int = 3, **fields: Strategy) -> Tables:
    """A table with some of the fields."""
    names = st.lists(st.sampled_from(list(fields)), min_size=least, max_size=most, unique=True)
    return names.flatmap(lambda some: st.fixed_dictionaries({name: fields[name] for name in some}))


def merged(*tables: Tables) -> Tables:
    return st.tuples(*tables).map(lambda parts: {name: value for part in parts for name, value in part.items()})


def bounds(*limits: float, least: int = 0) -> Tables:
    names = ("at_least", "more_than", "at_most", "less_than", "equals")
    return table(least, 2, **{name: st.sampled_from(limits) for name in names})


def short(name: str, values: Strategy) -> Strategy:
    """The value alone, or as a table."""
    return values | values.map(lambda value: {name: value})


spans = st.sampled_from([0, 1, 7, 30, 90, 365])
calendar_days = st.sampled_from(["2026-11-24", "2026-11-25", "2026-11-01", "2025-11-24", "2024-02-29"])
PERIOD: Mapping[str, Strategy] = {
    "within_days": spans,
    "more_than_days": spans,
    "next_days": spans,
    "after": calendar_days,
    "before": calendar_days,
}
period = table(0, 2, **PERIOD)
moment = st.just({"never": True}) | table(1, 2, **PERIOD, anniversary_in_days=st.sampled_from([0, 1, 7]))
LIKE: Mapping[str, Strategy] = {
    "status": one_or_several("N", "P", "F"),
    "completed": st.booleans(),
    "paid": st.booleans(),
    "coupon": st.booleans() | st.sampled_from(worlds.COUPONS),
    "delivery": st.sampled_from(["СДЭК", "box", "100%", "a_b", "%"]),
    "site": one_or_several("s1", "s2"),
    "total_from": st.sampled_from([0, 100, 5000]),
    "offline": st.booleans(),
}
alike = table(0, 2, **LIKE)
which_orders = merged(period, alike)
GOODS: Mapping[str, Strategy] = {
    "product": one_or_several(*worlds.PRODUCTS, *worlds.OFFERS, worlds.UNKNOWN, 100),
    "section": one_or_several(*worlds.SECTIONS, 10),
    "catalogue": one_or_several(*worlds.CATALOGUES),
    "property": st.fixed_dictionaries({"name": st.just("BRAND"), "value": one_or_several(*worlds.BRANDS, "Braun", 5)})
    | st.just({"name": "COLOUR", "value": "red"}),
}
goods = table(0, 2, **GOODS)
MONEY = (0, 33.33, 99.99, 100, 5000, 60_000, 100_000)
counts = bounds(0, 1, 2, 3)
posted = table(0, 1, mailing=one_or_several("news", "greetings"), issue=one_or_several(*worlds.MAILINGS))
months = one_or_several("2026-11", "2026-10", "2025-11", "2024-02")
segments = one_or_several(*sorted({segment for row in SEGMENTS.values() for segment in row}))
scores = st.integers(1, 5) | st.lists(st.integers(1, 5), min_size=1, max_size=3)
marks = one_or_several("yandex", "google", "Google", "cpc")


def attribute() -> Tables:
    """What may be asked of each of the attributes."""
    texts = table(
        1,
        2,
        equals=st.sampled_from(["Москва", "gold", "100", 100, "m", "a", "null"]),
        **{"in": st.lists(st.sampled_from(["Москва", "Тверь", "gold", "250.50", 250, "user"]), min_size=1, max_size=3)},
        contains=st.sampled_from(["00%", "осква", "a_b", "ol"]),
        starts=st.sampled_from(["Мос", "gold", "silver 1", "a_"]),
        empty=st.booleans(),
    )
    text_names = ("city", "name", "gender", "site", "kind", "UF_CARD", "UF_NONE")
    numbers = bounds(0, 5, 100, 250, least=1).map(
        lambda value: {name: limit for name, limit in value.items() if name != "equals"} or {"at_least": 1}
    )
    days = table(
        1,
        2,
        after=calendar_days,
        before=calendar_days,
        within_days=spans,
        next_days=spans,
        anniversary_in_days=st.sampled_from([0, 1, 7]),
        day_of_month=st.sampled_from([24, 29, 1]),
        empty=st.booleans(),
    )
    tags = table(1, 2, has=one_or_several("a", "b", "5", "7"), empty=st.booleans())
    return (
        merged(st.fixed_dictionaries({"name": st.sampled_from(text_names)}), texts)
        | merged(st.fixed_dictionaries({"name": st.sampled_from(["UF_BONUS", "UF_DATE", "city"])}), numbers)
        | merged(st.just({"name": "UF_DATE"}), days)
        | merged(st.just({"name": "UF_TAGS"}), tags)
        | merged(st.just({"name": "city"}), st.fixed_dictionaries({"has": one_or_several("Москва", "Тверь")}))
    )


birthday = short("on", st.sampled_from(["today", "tomorrow"])) | table(
    1, 1, in_days=spans, month=st.sampled_from([2, 11, 12]), day_of_month=st.sampled_from([24, 28, 29])
)

VALUES: Mapping[str, Strategy] = {
    "attracted_by": table(
        1,
        2,
        utm_source=marks,
        utm_medium=marks,
        utm_campaign=marks,
        via=st.sampled_from(["account", "order", "list"]),
    ),
    "attribute": attribute(),
    "average_order": merged(bounds(*MONEY, least=1), which_orders),
    "basket": merged(
        bounds(*MONEY),
        goods,
        table(
            0,
            1,
            idle_hours=st.sampled_from([1, 2, 26]),
            idle_days=st.sampled_from([1, 7, 30]),
            idle_less_than_days=st.sampled_from([1, 7, 30]),
            abandoned=st.just(True),
        ),
    ),
    "birthday": birthday,
    "bought": merged(which_orders, table(1, 2, **GOODS), counts | st.just({"never": True})),
    "bought_on_sale_only": short("only", st.booleans()),
    "buys_in": merged(
        st.fixed_dictionaries({"where": st.sampled_from(["offline", "online", "both", "only_offline", "only_online"])}),
        period,
    ),
    "clicked": merged(counts, period, posted),
    "days_between_orders": merged(bounds(0, 7, 23, 30, 45, 365, least=1), which_orders),
    "days_to_first_order": bounds(-30, 0, 7, 30, 365, least=1),
    "email": short("emails", one_or_several(*worlds.EMAILS, " ANNA@shop.ru")),
    "email_domain": short("domains", one_or_several("shop.ru", "@mail.ru", "SUB.mail.ru")),
    "first_order": merged(moment, alike),
    "first_order_month": short("months", months),
    "has_left": merged(
        period,
        table(
            0,
            2,
            mailing=one_or_several("news", "greetings"),
            reason=one_or_several("unsubscribed", "complaint"),
        ),
    ),
    "in_group": short("groups", one_or_several("first", "second", "frozen")),
    "in_list": short("lists", one_or_several(*worlds.LISTS)),
    "in_source": short("sources", one_or_several(*worlds.SOURCES)),
    "last_activity": moment,
    "last_login": moment,
    "last_order": merged(moment, alike),
    "no_reaction": merged(table(1, 1, days=st.sampled_from([7, 30, 90]), letters=st.sampled_from([1, 2, 3])), posted),
    "open_rate": merged(
        bounds(0, 30, 50, 100, least=1), table(0, 1, of_letters=st.sampled_from([1, 2, 3])), period, posted
    ),
    "opened": merged(counts, period, posted),
    "ordered": short("any", st.booleans()) | merged(counts, which_orders),
    "orders_sum": merged(bounds(*MONEY, least=1), which_orders),
    "received": merged(counts, period, posted),
    "registered": moment,
    "registered_month": short("months", months),
    "rfm": short("segment", segments)
    | merged(
        table(
            1,
            3,
            segment=segments,
            r=scores,
            f=scores,
            m=scores,
            cell=st.sampled_from(["555", "111", "511", "543"]),
            border=st.sampled_from(["up", "down", True]),
            toward=segments,
        ),
        table(0, 1, source=one_or_several(*worlds.SOURCES)),
    ),
    "sample": short("percent", st.sampled_from([10, 50, 100]))
    | st.sampled_from([{"percent": 30, "seed": "x"}, {"percent": 30, "seed": "x", "skip_percent": 30}]),
    "subscribed": merged(
        period, table(0, 2, list=one_or_several(*worlds.LISTS), topic=st.sampled_from(["Новости", "недел", "%"]))
    ),
    "user_group": short("groups", st.sampled_from(["5", 7]) | st.lists(st.sampled_from([5, "7", 9]), min_size=1)),
    "viewed": merged(
        bounds(0, 1, 2, 5),
        period,
        goods,
        table(0, 2, price_from=st.sampled_from([0, 100, 5000]), without=st.sampled_from(["basket", "order", "either"])),
    ),
    "vip": merged(bounds(*MONEY), which_orders),
}


def words(*without: str) -> Tables:
    """One word with a value; each word as often as another."""
    codes = [code for code in VALUES if code not in without]
    return st.sampled_from(codes).flatmap(lambda code: st.fixed_dictionaries({code: VALUES[code]}))


def each_word() -> st.SearchStrategy[list[Group]]:
    """Every word by itself once."""
    rules = (st.fixed_dictionaries({code: values}) for code, values in VALUES.items())
    return st.tuples(*rules).map(lambda made: [Group("one", "one", rule) for rule in made])


def trees() -> Tables:
    """A word, two side by side, or joints of such, two deep at most.

    SQLite's parser goes 100 steps deep: other groups are named near the top, or not at all.
    """
    shallow, deep = words(), words("in_group")
    return shallow | _joined(deep | _joined(deep, deep), shallow)


def small_trees() -> Tables:
    """A word, or one joint, that names no group."""
    leaf = words("in_group")
    return leaf | _joined(leaf, leaf)


def _joined(inner: Tables, leaf: Tables) -> Tables:
    several = st.lists(inner, min_size=1, max_size=3)
    joints = table(1, 2, all=several, any=several, none=several, **{"not": inner})
    return joints | merged(joints, leaf)


def groups() -> st.SearchStrategy[Mapping[str, Group]]:
    """Three groups for others to name: one plain, one that names it and excludes somebody, one frozen."""
    second = st.builds(
        lambda include, exclude: Group("second", "second", {"in_group": "first", **include}, exclude),
        small_trees(),
        st.none() | words("in_group"),
    )
    first = small_trees().map(lambda include: Group("first", "first", include))
    frozen = Group("frozen", "frozen", {"birthday": "today"}, static=True)
    return st.tuples(first, second).map(lambda pair: {"first": pair[0], "second": pair[1], "frozen": frozen})


def asked() -> st.SearchStrategy[Group]:
    """A group to be asked: a rule, and in one of three whom it leaves out."""
    exclude = st.none() | st.none() | small_trees() | words()
    return st.builds(lambda include, left_out: Group("g", "g", include, left_out), trees(), exclude)
