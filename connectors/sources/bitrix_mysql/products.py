"""Products and offers as a letter shows them: an offer has the page, the picture and the section of its product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import recent, values
from connectors.sources.bitrix_mysql.catalogue import ELEMENT, Catalogue, Element, Infoblock
from connectors.sources.bitrix_mysql.properties import Properties, Raw
from connectors.sources.bitrix_mysql.ranges import in_ranges
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.trade import Terms, Trade
from connectors.sources.bitrix_mysql.urls import detail_url, picture_urls
from connectors.sources.bitrix_mysql.walk import Read, Reader
from core.model import Product
from core.source import Bad


@dataclass(frozen=True, slots=True)
class _Batch:
    """Everything known of some elements and of the products that the offers among them belong to."""

    rows: Mapping[int, Element]
    parents: Mapping[int, int]  # offer → product
    terms: Mapping[int, Terms]
    pictures: Mapping[int, str]
    stored: Raw
    sections: Mapping[int, Sequence[int]]


class Products(Reader):
    """Elements of the trade catalogue's infoblocks, never the workflow drafts that lie beside them."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._catalogue = Catalogue(shop)
        self._properties = Properties(shop, self._catalogue)
        self._trade = Trade(shop, self._catalogue.price_type)
        self._elements = shop.table("b_iblock_element", "e")
        self._now = shop.now()

    def count(self) -> int:
        return int(self.shop.scalar(self._published(sa.func.count())))

    def _published(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        elements = self._elements
        return (
            sa.select(*columns)
            .select_from(elements)
            .where(elements.c.IBLOCK_ID.in_(sorted(self._catalogue.infoblocks)))
            .where(sa.func.coalesce(elements.c.WF_PARENT_ELEMENT_ID, 0) == 0)
        )

    # ---- which ----

    def keys(self, after: int, since: datetime | None) -> Iterator[int]:
        key = self._elements.c.ID
        chosen = self._published(key.label("key"))
        if since is None:
            return in_ranges(self.shop, key, chosen, after)
        found = self.hands.changed("b_iblock_element", key, lambda then: chosen.where(self._edited(then)))
        found |= self._trade.changed(self.hands)
        found |= set(self._offers_of(found))  # they show their product's page, picture and section
        return recent.ascending(found, after)

    def _edited(self, since: datetime) -> sa.ColumnElement[bool]:
        """Saved since then, or come into or gone out of its dates of activity, which touches no row."""
        elements, then, now = self._elements, self.shop.local(since), self.shop.local(self._now)
        return sa.or_(
            elements.c.TIMESTAMP_X >= then,
            elements.c.ACTIVE_FROM.between(then, now),
            elements.c.ACTIVE_TO.between(then, now),
        )

    def _offers_of(self, products: Iterable[int]) -> Iterator[int]:
        wanted = list(products)
        for infoblock in self._catalogue.infoblocks.values():
            if infoblock.link:
                yield from self._properties.pointing(infoblock, infoblock.link, wanted)

    # ---- what they are ----

    def read(self, keys: Sequence[int]) -> Read:
        batch = self._batch(keys)
        found: list[Product] = []
        bad: list[Bad] = []
        for key in keys:
            if key in batch.rows:
                try:
                    found.append(self._product(batch, batch.rows[key]))
                except ValueError as error:
                    bad.append(Bad(str(key), f"element {key}: {error}"))
        return Read(found, bad)

    def _batch(self, keys: Sequence[int]) -> _Batch:
        rows = self._rows(keys)
        stored = self._stored(rows)
        parents = self._parents(rows, stored)
        everyone = {row.id: row for row in [*rows, *self._rows(set(parents.values()).difference(keys))]}
        pictures = picture_urls(
            self.shop, self._catalogue, {file for row in everyone.values() for file in _pictures(row)}
        )
        terms = self._trade.of([row.id for row in rows])
        return _Batch(everyone, parents, terms, pictures, stored, self._sections(everyone))

    def _sections(self, elements: Iterable[int]) -> dict[int, list[int]]:
        """Element → its sections; a row with a property's id is a value of that property, no membership."""
        table = self.shop.table("b_iblock_section_element")
        query = sa.select(table.c.IBLOCK_ELEMENT_ID, table.c.IBLOCK_SECTION_ID).where(
            table.c.ADDITIONAL_PROPERTY_ID.is_(None)
        )
        found: dict[int, list[int]] = {}
        for element, section in self.shop.tuples_in(query, table.c.IBLOCK_ELEMENT_ID, elements):
            found.setdefault(element, []).append(section)
        return found

    def _rows(self, keys: Iterable[int]) -> list[Element]:
        query = self._published(*(self._elements.c[name] for name in ELEMENT))
        return list(map(Element._make, self.shop.tuples_in(query, self._elements.c.ID, keys)))

    def _stored(self, rows: Sequence[Element]) -> Raw:
        found: Raw = {}
        for number, infoblock in self._catalogue.infoblocks.items():
            elements = [row.id for row in rows if row.infoblock == number]
            found |= self._properties.raw(infoblock, elements) if elements else {}
        return found

    def _parents(self, rows: Sequence[Element], stored: Raw) -> dict[int, int]:
        found = {}
        for row in rows:
            link = self._catalogue.infoblocks[row.infoblock].link
            for value in stored.get(row.id, {}).get(link, [])[:1]:
                found[row.id] = int(values.decimal(value))
        return found

    def _product(self, batch: _Batch, row: Element) -> Product:
        parent = batch.rows.get(batch.parents.get(row.id, 0))
        terms = batch.terms.get(row.id, _NO_TERMS)
        active = self._active(row) and (parent is None or self._active(parent))
        shelved = row if row.section or parent is None else parent
        sections = {*batch.sections.get(shelved.id, ()), *([shelved.section] if shelved.section else [])}
        return Product(
            external_id=str(row.id),
            name=values.text(row.name),
            url=self._url(row, parent),
            picture_url=_picture(batch, row) or (_picture(batch, parent) if parent else ""),
            parent=str(batch.parents.get(row.id, "")),
            section=str(shelved.section or ""),
            sections=tuple(map(str, sorted(sections))),
            catalogue=str(row.infoblock),
            xml_id=row.xml_id or "",
            price=terms.price,
            currency=terms.currency,
            available=active and terms.available,
            quantity=terms.quantity,
            active=active,
            created_at=self.shop.moment(row.created),
            shows=row.shows or 0,
            sort=row.sort,
            properties=self._properties.readable(batch.stored.get(row.id, {})),
        )

    def _active(self, row: Element) -> bool:
        """iblockelement.php WF_GetSqlLimit and the dates, in an infoblock and a main section that are switched on."""
        section = self._catalogue.sections.get(row.section or 0)
        begins, ends = self.shop.moment(row.active_from), self.shop.moment(row.active_to)
        return (
            row.active == "Y"
            and row.workflow_status in (1, None)
            and self._infoblock(row).active
            and (section is None or section.active)
            and (begins is None or begins <= self._now)
            and (ends is None or ends >= self._now)
        )

    def _infoblock(self, row: Element) -> Infoblock:
        return self._catalogue.infoblocks[row.infoblock]

    def _url(self, row: Element, parent: Element | None) -> str:
        own = self._infoblock(row)
        if parent is None:
            return detail_url(self._catalogue, own, row)
        page = detail_url(self._catalogue, self._infoblock(parent), parent)
        return detail_url(self._catalogue, own, row, product_url=page) or page


def _pictures(row: Element) -> list[int]:
    return [file for file in (row.detail_picture, row.preview_picture) if file]


def _picture(batch: _Batch, row: Element) -> str:
    return next((batch.pictures[file] for file in _pictures(row) if file in batch.pictures), "")


_NO_TERMS = Terms()
