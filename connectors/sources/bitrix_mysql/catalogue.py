"""The shape of a shop's trade catalogue: infoblocks, which hold the offers of which, properties, prices, sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import values
from connectors.sources.bitrix_mysql.shop import Shop
from core.errors import N_, Misconfigured


@dataclass(frozen=True, slots=True)
class Infoblock:
    """One infoblock of products, or of the offers of another one (`parent`, linked by property `link`)."""

    id: int
    code: str
    type: str
    xml_id: str
    active: bool
    url: str  # template of DETAIL_PAGE_URL
    own_tables: bool  # storage v2
    parent: int = 0
    link: int = 0


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an infoblock: where its values lie and what they mean."""

    id: int
    infoblock: int
    code: str
    kind: str  # S, N, L, E, F, G
    user_type: str
    multiple: bool
    settings: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section with its ancestors' codes."""

    id: int
    code: str
    path: str
    active: bool  # with all its ancestors


class Element(NamedTuple):
    """One row of b_iblock_element: a product or an offer."""

    id: int
    infoblock: int
    section: int | None  # the main one
    name: str
    code: str | None
    xml_id: str | None
    active: str
    active_from: Any
    active_to: Any
    workflow_status: int | None
    created: Any
    sort: int
    shows: int | None
    preview_picture: int | None
    detail_picture: int | None


ELEMENT = (
    "ID",
    "IBLOCK_ID",
    "IBLOCK_SECTION_ID",
    "NAME",
    "CODE",
    "XML_ID",
    "ACTIVE",
    "ACTIVE_FROM",
    "ACTIVE_TO",
    "WF_STATUS_ID",
    "DATE_CREATE",
    "SORT",
    "SHOW_COUNTER",
    "PREVIEW_PICTURE",
    "DETAIL_PICTURE",
)
"""The columns of an Element, in its order."""


class Catalogue:
    """What readers of products must know beforehand; read once for a pull."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @cached_property
    def infoblocks(self) -> Mapping[int, Infoblock]:
        """Those of the trade catalogue (or of the settings) on the site of the settings."""
        links, chosen = self._links(), set(self.shop.settings.infoblocks)
        table = self.shop.table("b_iblock")
        rows = self.shop.rows(sa.select(*(table.c[name] for name in _INFOBLOCK)))
        of_site = self._of_site()
        found = {}
        for row in rows:
            parent, link = links.get(row["ID"], (0, 0))
            wanted = row["ID"] in chosen or parent in chosen if chosen else row["ID"] in links
            if wanted and (of_site is None or row["ID"] in of_site):
                found[row["ID"]] = Infoblock(
                    id=row["ID"],
                    code=row["CODE"] or "",
                    type=row["IBLOCK_TYPE_ID"],
                    xml_id=row["XML_ID"] or "",
                    active=values.yes(row["ACTIVE"]),
                    url=row["DETAIL_PAGE_URL"] or "",
                    own_tables=row["VERSION"] == 2,
                    parent=parent,
                    link=link,
                )
        return found

    def _links(self) -> dict[int, tuple[int, int]]:
        """Infoblock → (product infoblock, linking property); zeros for one that holds products itself."""
        if not self.shop.has("b_catalog_iblock"):
            return {}
        table = self.shop.table("b_catalog_iblock")
        query = sa.select(table.c.IBLOCK_ID, table.c.PRODUCT_IBLOCK_ID, table.c.SKU_PROPERTY_ID)
        rows = self.shop.rows(query)
        return {row["IBLOCK_ID"]: (row["PRODUCT_IBLOCK_ID"] or 0, row["SKU_PROPERTY_ID"] or 0) for row in rows}

    def _of_site(self) -> set[int] | None:
        if not self.shop.settings.site or not self.shop.has("b_iblock_site"):
            return None
        table = self.shop.table("b_iblock_site")
        query = sa.select(table.c.IBLOCK_ID).where(table.c.SITE_ID == self.shop.settings.site)
        return {row["IBLOCK_ID"] for row in self.shop.rows(query)}

    @cached_property
    def properties(self) -> Mapping[int, Property]:
        """All active properties of these infoblocks."""
        table = self.shop.table("b_iblock_property")
        query = sa.select(*(table.c[name] for name in _PROPERTY)).where(table.c.ACTIVE == "Y").order_by(table.c.ID)
        return {
            row["ID"]: Property(
                id=row["ID"],
                infoblock=row["IBLOCK_ID"],
                code=row["CODE"] or str(row["ID"]),
                kind=row["PROPERTY_TYPE"],
                user_type=row["USER_TYPE"] or "",
                multiple=values.yes(row["MULTIPLE"]),
                settings=row["USER_TYPE_SETTINGS"] or "",
            )
            for row in self.shop.rows_in(query, table.c.IBLOCK_ID, self.infoblocks)
        }

    @cached_property
    def price_type(self) -> int:
        """Id of the price type of the settings, else of the BASE one; 0 when there are no price types."""
        if not self.shop.has("b_catalog_group"):
            return 0
        table, name = self.shop.table("b_catalog_group"), self.shop.settings.price_type
        found = self.shop.scalar(sa.select(table.c.ID).where(table.c.NAME == name if name else table.c.BASE == "Y"))
        if found is None and name:
            known = ", ".join(row["NAME"] for row in self.shop.rows(sa.select(table.c.NAME)))
            raise Misconfigured(
                N_("[sources.{source}] price_type: the shop has no price type {name!r}. Known: {known}."),
                source=self.shop.name,
                name=name,
                known=known,
            )
        return int(found or 0)

    @cached_property
    def sections(self) -> Mapping[int, Section]:
        """All sections of these infoblocks, each with the codes of its ancestors joined by "/"."""
        table = self.shop.table("b_iblock_section")
        columns = [table.c[name] for name in ("ID", "IBLOCK_SECTION_ID", "CODE", "GLOBAL_ACTIVE")]
        rows = {row["ID"]: row for row in self.shop.rows_in(sa.select(*columns), table.c.IBLOCK_ID, self.infoblocks)}
        return {
            number: Section(number, row["CODE"] or "", "/".join(_path(rows, number)), values.yes(row["GLOBAL_ACTIVE"]))
            for number, row in rows.items()
        }

    @cached_property
    def site_address(self) -> tuple[str, str]:
        """(``https://host``, the site's folder) where products are shown; the host is "" when the shop names none."""
        table = self.shop.table("b_lang")
        query = sa.select(table.c.SERVER_NAME, table.c.DIR).order_by(table.c.DEF.desc(), table.c.SORT)
        site = self.shop.settings.site
        rows = self.shop.rows(query.where(table.c.LID == site) if site else query)
        host, folder = (rows[0]["SERVER_NAME"], rows[0]["DIR"]) if rows else ("", "/")
        host = (host or self.shop.option("main", "server_name")).strip().rstrip("/")
        return (host if "://" in host else f"https://{host}") if host else "", folder or "/"


def _path(rows: Mapping[int, Mapping[str, Any]], number: int) -> list[str]:
    """Codes from the root down; a parent that is gone or points in a circle ends the way."""
    codes: list[str] = []
    seen: set[int] = set()
    while number in rows and number not in seen:
        seen.add(number)
        codes.append(rows[number]["CODE"] or "")
        number = rows[number]["IBLOCK_SECTION_ID"] or 0
    return codes[::-1]


_INFOBLOCK = ("ID", "CODE", "IBLOCK_TYPE_ID", "XML_ID", "ACTIVE", "DETAIL_PAGE_URL", "VERSION")
_PROPERTY = ("ID", "IBLOCK_ID", "CODE", "PROPERTY_TYPE", "USER_TYPE", "MULTIPLE", "USER_TYPE_SETTINGS")
