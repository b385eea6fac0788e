"""Properties of infoblock elements from both storages, as a person reads them: a list's text, a directory's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import php, values
from connectors.sources.bitrix_mysql.catalogue import Catalogue, Infoblock, Property
from connectors.sources.bitrix_mysql.shop import Shop

Raw = dict[int, dict[int, list[Any]]]
"""Element id → property id → stored values, in their order."""


class Properties:
    """Reads properties of many elements at once."""

    def __init__(self, shop: Shop, catalogue: Catalogue) -> None:
        self._shop, self._catalogue = shop, catalogue
        self._directories: dict[str, dict[str, str]] = {}

    def raw(self, infoblock: Infoblock, elements: Sequence[int]) -> Raw:
        """What is stored for `elements` of one infoblock."""
        read = self._own_tables if infoblock.own_tables else self._common_table
        return read(infoblock, elements)

    def of(self, infoblock: Infoblock) -> list[Property]:
        """The properties of one infoblock."""
        return [one for one in self._catalogue.properties.values() if one.infoblock == infoblock.id]

    def _common_table(self, infoblock: Infoblock, elements: Sequence[int]) -> Raw:
        """Storage v1: one row a value in b_iblock_element_property."""
        table = self._shop.table("b_iblock_element_property")
        query = sa.select(table.c.IBLOCK_ELEMENT_ID, table.c.IBLOCK_PROPERTY_ID, table.c.VALUE).order_by(table.c.ID)
        wanted = {one.id for one in self.of(infoblock)}
        found: Raw = {}
        for element, number, value in self._shop.tuples_in(query, table.c.IBLOCK_ELEMENT_ID, elements):
            if number in wanted:
                _add(found, element, number, value)
        return found

    def _own_tables(self, infoblock: Infoblock, elements: Sequence[int]) -> Raw:
        """Storage v2: a column a property in …_s; of multiple ones that is a cache, their values are rows of …_m."""
        found = self._single(infoblock, elements)
        table = self._shop.table(f"b_iblock_element_prop_m{infoblock.id}")
        query = sa.select(table.c.IBLOCK_ELEMENT_ID, table.c.IBLOCK_PROPERTY_ID, table.c.VALUE).order_by(table.c.ID)
        for element, number, value in self._shop.tuples_in(query, table.c.IBLOCK_ELEMENT_ID, elements):
            _add(found, element, number, value)
        return found

    def _single(self, infoblock: Infoblock, elements: Sequence[int]) -> Raw:
        table = self._shop.table(f"b_iblock_element_prop_s{infoblock.id}")
        numbers = [one.id for one in self.of(infoblock) if not one.multiple and f"PROPERTY_{one.id}" in table.c]
        query = sa.select(table.c.IBLOCK_ELEMENT_ID, *(table.c[f"PROPERTY_{number}"] for number in numbers))
        return {
            element: {number: [cell] for number, cell in zip(numbers, cells, strict=True) if cell is not None}
            for element, *cells in self._shop.tuples_in(query, table.c.IBLOCK_ELEMENT_ID, elements)
        }

    def pointing(self, infoblock: Infoblock, link: int, targets: Sequence[int]) -> Iterator[int]:
        """Elements of the infoblock whose property `link` (type E) is one of `targets`."""
        if infoblock.own_tables:
            own = self._shop.table(f"b_iblock_element_prop_s{infoblock.id}")
            query, column = sa.select(own.c.IBLOCK_ELEMENT_ID), own.c[f"PROPERTY_{link}"]
        else:
            common = self._shop.table("b_iblock_element_property")
            query = sa.select(common.c.IBLOCK_ELEMENT_ID).where(common.c.IBLOCK_PROPERTY_ID == link)
            column = common.c.VALUE_NUM  # indexed together with the property
        for row in self._shop.rows_in(query, column, targets):
            yield row["IBLOCK_ELEMENT_ID"]

    def readable(self, stored: Mapping[int, Sequence[Any]]) -> dict[str, Any]:
        """Property code → value of one element; multiple ones as lists, files and empty ones left out."""
        found: dict[str, Any] = {}
        for number, items in stored.items():
            if number not in self._readers:
                continue
            one, reader = self._readers[number]
            given = (reader(item) for item in items if item not in (None, ""))
            read = [value for value in given if value not in (None, "")]
            if read:
                found[one.code] = read if one.multiple else read[0]
        return found

    @cached_property
    def _readers(self) -> dict[int, tuple[Property, Callable[[Any], Any]]]:
        """How values of each property are read, of those that are no files."""
        every = self._catalogue.properties.values()
        return {one.id: (one, self._reader(one)) for one in every if one.kind != "F"}

    def _reader(self, one: Property) -> Callable[[Any], Any]:
        if one.user_type == "directory":
            return lambda stored: self._directory(one).get(str(stored), str(stored))
        if one.user_type == "HTML":
            return lambda stored: _html(str(stored), self._shop.settings.php_charset)
        if one.user_type == "Money":
            return lambda stored: _money(str(stored))
        if one.kind == "L":
            return lambda stored: self._options.get(int(values.decimal(stored)))
        if one.kind == "N":
            return _number
        if one.kind in "EG":
            return lambda stored: int(values.decimal(stored))
        return values.text

    @cached_property
    def _options(self) -> dict[int, str]:
        table = self._shop.table("b_iblock_property_enum")
        lists = [one.id for one in self._catalogue.properties.values() if one.kind == "L"]
        rows = self._shop.rows_in(sa.select(table.c.ID, table.c.VALUE), table.c.PROPERTY_ID, lists)
        return {row["ID"]: values.text(row["VALUE"]) for row in rows}

    def _directory(self, one: Property) -> dict[str, str]:
        """UF_XML_ID → UF_NAME of the highload block that a `directory` property points to."""
        settings = php.unserialized(one.settings) if one.settings else {}
        name = str(settings.get("TABLE_NAME", "")) if isinstance(settings, dict) else ""
        if name not in self._directories:
            self._directories[name] = self._names(name)
        return self._directories[name]

    def _names(self, name: str) -> dict[str, str]:
        if not {"UF_XML_ID", "UF_NAME"} <= self._shop.columns.get(name, set()):
            return {}
        table = self._shop.table(name)
        rows = self._shop.rows(sa.select(table.c.UF_XML_ID, table.c.UF_NAME))
        return {str(row["UF_XML_ID"]): values.text(row["UF_NAME"]) for row in rows}


def _add(found: Raw, element: int, number: int, value: Any) -> None:
    if value is not None:
        found.setdefault(element, {}).setdefault(number, []).append(value)


def _number(stored: Any) -> int | float:
    found = values.decimal(stored)
    return int(found) if found == int(found) else float(found)


def _money(stored: str) -> dict[str, str]:
    """A Money property is "100|RUB"."""
    amount, _, currency = stored.partition("|")
    return {"amount": str(values.decimal(amount)), "currency": currency}


def _html(stored: str, charset: str) -> str:
    """An HTML property is serialize(TEXT, TYPE); old ones are bare text."""
    try:
        found = php.unserialized(stored, charset)
    except ValueError:
        return values.text(stored)
    return values.text(found.get("TEXT")) if isinstance(found, dict) else values.text(stored)
