"""Filters of letters beside Jinja's own: money, dates, plural forms, and the marks of links known only at composing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency
from jinja2.runtime import Context
from jinja2.utils import pass_context
from markupsafe import Markup, escape

from core.errors import N_, Refused
from core.links import Utm, each_link, tag, tag_escaped

_PATTERNS = {"full": "d MMMM y", "long": "d MMMM", "short": "dd.MM.y"}


def _remembered(work: Callable[..., str]) -> Callable[..., str]:
    """`work` whose answers are kept; what no dictionary can hold is worked out each time."""
    kept = lru_cache(maxsize=4096, typed=True)(work)  # True is 1, and no number

    def known(*args: Any) -> str:
        try:
            return kept(*args)
        except TypeError:
            return work(*args)

    return known


@pass_context
def money(context: Context, value: Any, currency: str = "") -> str:
    """``{{ 1990 | money }}`` is 1 990 ₽; kopecks are shown where there are any."""
    return _money(value, currency or str(context.get("_currency", "RUB")), _language(context))


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refused(N_("{value!r} is no number"), value=str(value)[:50]) from None


@_remembered
def _money(sum_: Any, currency: str, language: str) -> str:
    value = _number(sum_)
    whole = value == value.to_integral_value()
    pattern = "#,##0\u00a0¤" if whole else "#,##0.00\u00a0¤"  # never parted from its sign
    return str(format_currency(value, currency, pattern, locale=_locale(language), currency_digits=False))


@pass_context
def day(context: Context, value: Any, form: str = "long") -> str:
    """``{{ day | date }}``: 24 ноября; "full" with the year, "short" 24.11.2026. Texts such as 2026-11-24 are read."""
    return _date(value, form, _language(context))


def _date(value: Any, form: str, language: str) -> str:
    found = _day(value)
    pattern = _PATTERNS.get(form)
    if pattern is None:
        raise Refused(N_("date: there is no form {form!r}; known: full, long, short"), form=form[:50])
    return _written(found, pattern, language)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Refused(N_("{value!r} is no day"), value=str(value)[:50]) from None


@lru_cache(maxsize=1024)
def _written(value: date, pattern: str, language: str) -> str:
    return str(format_date(value, pattern, locale=_locale(language)))


@pass_context
def plural(context: Context, value: Any, *forms: str) -> str:
    """``{{ 5 | plural("товар", "товара", "товаров") }}``: 5 товаров. One form for each plural of the language."""
    return _plural(value, forms, _language(context))


@_remembered
def _plural(value: Any, forms: tuple[str, ...], language: str) -> str:
    number = _number(value)
    locale = _locale(language)
    known = {*locale.plural_form.rules, "other"}
    order: list[str] = [form for form in ("one", "few", "many", "other") if form in known]
    chosen = order.index(locale.plural_form(int(number) if number == int(number) else float(number)))
    if not forms:
        raise Refused(N_("plural: the forms of the word are missing"))
    return f"{number.normalize():f} {forms[min(chosen, len(forms) - 1)]}"


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def _language(context: Context) -> str:
    return str(context.get("_language", "ru"))


@pass_context
def tagged(context: Context, url: Any, content: str = "") -> Any:
    """``{% filter tagged("block") %}…{% endfilter %}``: the marks of a link known only when the letter is composed."""
    text = str(url)
    if text.strip() == context.get("unsubscribe_url"):
        return url
    mark: Mark = context["_mark"]
    if context.eval_ctx.autoescape:
        return Markup(mark(text, content, True))  # noqa: S704 - `url` was escaped by the template
    return mark(text, content, False)


@pass_context
def link(context: Context, parts: list[Any], content: str = "") -> Any:
    """``{{ ["", product.url, "?from=letter"] | link("goods") }}``: a link put together, marked and escaped at once."""
    url = "".join([str(part) for part in parts])
    if url.strip() == context.get("unsubscribe_url"):
        return url
    mark: Mark = context["_mark"]
    marked = mark(url, content, False)
    return _escaped(marked) if context.eval_ctx.autoescape else marked


@lru_cache(maxsize=20_000)
def _escaped(url: str) -> Markup:
    return escape(url)


@pass_context
def tagged_text(context: Context, text: str) -> str:
    """The marks for the links of a text part that the site wrote itself."""
    mark: Mark = context["_mark"]
    return each_link(text, lambda url: url if url == context["unsubscribe_url"] else mark(url, "", False))


Mark = Callable[[str, str, bool], str]
"""(link, utm_content, whether it is HTML text) → the link as it stands in the letter."""


def with_marks(url: str, utm: Utm, *, escaped: bool) -> str:
    """`url` with UTM marks, in HTML or in plain text."""
    return tag_escaped(url, utm) if escaped else tag(url, utm)


def settled(language: str, usual: str, mark: Mark, *, html: bool) -> dict[str, Callable[..., Any]]:
    """The filters for templates that know no reader, all else being settled: to ask Jinja's context takes 3 µs.

    `usual` is the currency of the site. What those of :data:`READY` give stands in HTML as it is.
    """

    @lru_cache(maxsize=20_000)
    def linked(url: Any, content: str = "") -> str:
        marked = mark(str(url), content, False)
        return escape(marked) if html else marked

    @lru_cache(maxsize=20_000)
    def written(url: str, content: str) -> str:
        marked = mark(url, content, html)
        return Markup(marked) if html else marked  # noqa: S704 - `url` was escaped by the template

    def priced(value: Any, currency: str) -> str:
        text = _money(value, currency or usual, language)
        return escape(text) if html else text

    kept = lru_cache(maxsize=4096, typed=True)(priced)

    def money(value: Any, currency: str = "") -> str:
        try:
            return kept(value, currency)
        except TypeError:  # as in _remembered, without a call between: 24 sums stand in a letter
            return priced(value, currency)

    return {
        "money": money,
        "date": lambda value, form="long": _date(value, form, language),
        "plural": lambda value, *forms: _plural(value, forms, language),
        "linked": linked,
        "link": lambda parts, content="": linked("".join([str(part) for part in parts]), content),
        "tagged": lambda url, content="": written(str(url), content),
    }


READY = frozenset({"money", "linked", "link", "tagged"})
