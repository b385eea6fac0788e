"""Addresses of products and pictures, as Bitrix builds them (iblock.php ReplaceDetailUrl, file.php GetFileSRC)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.catalogue import Catalogue, Infoblock
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row

_MACRO = re.compile(r"#([A-Z_]+)#")


def detail_url(catalogue: Catalogue, infoblock: Infoblock, element: Row, *, product_url: str = "") -> str:
    """The page of an element by the template of its infoblock; `product_url` is the page of an offer's product.

    Codes are URL-encoded, a macro that Bitrix does not know stays as text. "" when there is no template.
    """
    host, folder = catalogue.site_address
    section = catalogue.sections.get(element["IBLOCK_SECTION_ID"] or 0)
    known = {
        "SITE_DIR": folder,
        "LANG": folder,
        "SERVER_NAME": host.partition("://")[2],
        "ID": str(element["ID"]),
        "ELEMENT_ID": str(element["ID"]),
        "CODE": _encoded(element["CODE"]),
        "ELEMENT_CODE": _encoded(element["CODE"]),
        "EXTERNAL_ID": _encoded(element["XML_ID"]),
        "IBLOCK_ID": str(infoblock.id),
        "IBLOCK_CODE": _encoded(infoblock.code),
        "IBLOCK_TYPE_ID": _encoded(infoblock.type),
        "IBLOCK_EXTERNAL_ID": _encoded(infoblock.xml_id),
        "SECTION_ID": str(section.id) if section else "",
        "SECTION_CODE": _encoded(section.code) if section else "",
        "SECTION_CODE_PATH": "/".join(_encoded(code) for code in section.path.split("/")) if section else "",
        "PRODUCT_URL": product_url,
    }
    url = _MACRO.sub(lambda found: known.get(found[1], found[0]), infoblock.url)
    return absolute(host, re.sub(r"(?<!:)/{2,}", "/", url))


def absolute(host: str, url: str) -> str:
    """`url` with the host of the shop before it, unless it has one, or the shop has none."""
    return host + url if url.startswith("/") else url


@lru_cache(4096)  # a few codes of sections and infoblocks, for every product
def _encoded(code: str | None) -> str:
    return quote(code or "", safe="-_.~")  # PHP's rawurlencode


def picture_urls(shop: Shop, catalogue: Catalogue, files: Sequence[int]) -> dict[int, str]:
    """File id → its address. Files in a cloud bucket have theirs only if the bucket's own address is known."""
    if not shop.has("b_file"):
        return {}
    table = shop.table("b_file")
    query = sa.select(*shop.some(table, "ID", "SUBDIR", "FILE_NAME", HANDLER_ID=""))
    host, upload = catalogue.site_address[0], shop.option("main", "upload_dir", "upload").strip("/")
    return {
        row["ID"]: absolute(host, f"/{upload}/{_folders(row['SUBDIR'])}{quote(row['FILE_NAME'], safe='-_.~')}")
        for row in shop.rows_in(query, table.c.ID, files)
        if not row["HANDLER_ID"]
    }


def _folders(subdir: str | None) -> str:
    return f"{quote(subdir.strip('/'), safe='/-_.~')}/" if subdir else ""
