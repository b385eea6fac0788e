"""Web forms: which field holds the address, and who has filled one in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.newest import newest
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.settings import AddressFields
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.errors import N_, Misconfigured
from core.model import Subscription
from core.plugin import suggestion

_TYPED = {"text", "hidden"}
_EMAIL = re.compile(r"mail(?!ing)|мейл|\bпочт[аыуе]\b", re.IGNORECASE)
_NAME = re.compile(r"^(name|fio|first_?name)$|^(ваше )?имя\b|\bфио\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """One form that takes addresses: the ids of its fields, 0 for a name that nobody asks."""

    id: int
    title: str
    email: int
    name: int


def forms(shop: Shop) -> dict[int, Form]:
    """The forms of the settings, or all those of the site that have a field for e-mail.

    Raises Misconfigured for a form or a field of the settings that is not there.
    """
    fields = _fields(shop)
    if shop.settings.forms:
        chosen = [_chosen(shop, code, wanted, fields) for code, wanted in shop.settings.forms.items()]
    else:
        chosen = [_guessed(row, fields.get(row["ID"], [])) for row in _of_site(shop)]
    return {form.id: form for form in chosen if form.email}


def _all(shop: Shop) -> Sequence[Row]:
    table = shop.table("b_form")
    return shop.rows(sa.select(table.c.ID, table.c.SID, table.c.NAME).order_by(table.c.ID))


def _of_site(shop: Shop) -> list[Row]:
    """Forms shown on the site of the settings; one that is bound to no site is everybody's."""
    if not shop.settings.site or not shop.has("b_form_2_site"):
        return list(_all(shop))
    table = shop.table("b_form_2_site")
    sites: dict[int, set[str]] = {}
    for row in shop.rows(sa.select(table.c.FORM_ID, table.c.SITE_ID)):
        sites.setdefault(row["FORM_ID"], set()).add(row["SITE_ID"])
    return [row for row in _all(shop) if shop.settings.site in sites.get(row["ID"], {shop.settings.site})]


def _fields(shop: Shop) -> Mapping[int, list[Row]]:
    """Form id → its fields in the order of the form, each with the kinds of input it is made of (`kinds`)."""
    field, answer = shop.table("b_form_field"), shop.table("b_form_answer")
    kinds: dict[int, set[str]] = {}
    for row in shop.rows(sa.select(answer.c.FIELD_ID, answer.c.FIELD_TYPE).where(answer.c.ACTIVE == "Y")):
        kinds.setdefault(row["FIELD_ID"], set()).add(row["FIELD_TYPE"])
    query = sa.select(field.c.ID, field.c.FORM_ID, field.c.SID, field.c.TITLE).where(field.c.ACTIVE == "Y")
    found: dict[int, list[Row]] = {}
    for row in shop.rows(query.order_by(field.c.C_SORT, field.c.ID)):
        found.setdefault(row["FORM_ID"], []).append({**row, "kinds": kinds.get(row["ID"], set())})
    return found


def _chosen(shop: Shop, code: str, wanted: AddressFields, fields: Mapping[int, list[Row]]) -> Form:
    known = {key: row for row in _all(shop) for key in (str(row["ID"]), row["SID"])}
    if code not in known:
        template = N_("[sources.{source}] forms: the shop has no form {form!r}. {hint}")
        raise Misconfigured(template, source=shop.name, form=code, hint=suggestion(code, known))
    row = known[code]
    there = {field["SID"] or "": field["ID"] for field in fields.get(row["ID"], [])}
    for sid in filter(None, (wanted.email, wanted.name)):
        if sid not in there:
            template = N_("[sources.{source}] forms: form {form!r} has no field {field!r}. {hint}")
            raise Misconfigured(template, source=shop.name, form=code, field=sid, hint=suggestion(sid, there))
    return Form(row["ID"], _title(row), there[wanted.email], there.get(wanted.name, 0) if wanted.name else 0)


def _guessed(row: Row, fields: Sequence[Row]) -> Form:
    typed = [field for field in fields if field["kinds"] & _TYPED]
    email = next((field["ID"] for field in fields if "email" in field["kinds"]), 0) or _named(_EMAIL, typed)
    return Form(row["ID"], _title(row), email, _named(_NAME, typed))


def _named(words: re.Pattern[str], fields: Sequence[Row]) -> int:
    """The first of `fields` whose SID or title says so, else 0."""
    said = (field["ID"] for field in fields if words.search(field["SID"] or "") or words.search(field["TITLE"] or ""))
    return int(next(said, 0))


def _title(row: Row) -> str:
    return name_of(row["NAME"]) or str(row["SID"])


def name_of(stored: Any) -> str:
    """A name as it should be read; one that is damaged beyond repair costs itself, not the address beside it."""
    try:
        return values.text(stored)
    except ValueError:
        return ""


class FormResults(Reader):
    """Who has filled a form in: the results that hold an address."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._results, self._answers = shop.table("b_form_result"), shop.table("b_form_result_answer")
        self._forms = forms(shop)

    def _wanted(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        return sa.select(*columns).where(self._results.c.FORM_ID.in_(sorted(self._forms)))

    def count(self) -> int:
        return int(self.shop.scalar(self._wanted(sa.func.count()).select_from(self._results)))

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        results = self._results
        chosen = self._wanted(results.c.ID.label("key"))
        if since is None:
            return in_ranges(self.shop, results.c.ID, chosen, after)
        then = self.shop.local(since)
        changed = sa.or_(results.c.TIMESTAMP_X >= then, results.c.DATE_CREATE >= then)
        return newest(self.shop, results.c.ID, chosen.where(changed), after)

    def read(self, keys: Sequence[int]) -> Read:
        results = self._results
        query = sa.select(results.c.ID, results.c.FORM_ID, results.c.USER_ID, results.c.DATE_CREATE)
        typed = self._typed(keys)
        found = (self._subscription(row, typed) for row in self.shop.rows_in(query, results.c.ID, keys))
        return Read([one for one in found if one.email])

    def _typed(self, keys: Sequence[int]) -> dict[tuple[int, int], str]:
        """(Result, field) → what the visitor typed there first."""
        answers = self._answers
        fields = {number for form in self._forms.values() for number in (form.email, form.name)}
        query = (
            sa.select(answers.c.RESULT_ID, answers.c.FIELD_ID, answers.c.USER_TEXT)
            .where(answers.c.FIELD_ID.in_(sorted(fields)), answers.c.USER_TEXT != "")
            .order_by(answers.c.ID)
        )
        found: dict[tuple[int, int], str] = {}
        for row in self.shop.rows_in(query, answers.c.RESULT_ID, keys):
            found.setdefault((row["RESULT_ID"], row["FIELD_ID"]), str(row["USER_TEXT"]).strip())
        return found

    def _subscription(self, row: Row, typed: Mapping[tuple[int, int], str]) -> Subscription:
        form = self._forms[row["FORM_ID"]]
        return Subscription(
            external_id=f"form:{row['ID']}",
            list=f"form:{form.id}",
            title=form.title,
            email=typed.get((row["ID"], form.email), ""),
            name=name_of(typed.get((row["ID"], form.name))),
            person=str(row["USER_ID"] or ""),
            at=self.shop.moment(row["DATE_CREATE"]),
        )
