"""Addresses of products and pictures, as Bitrix builds them (iblock.php ReplaceDetailUrl, file.php GetFileSRC)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa

from connectors.sources.bitrix_mysql.catalogue import Catalogue, Element, Infoblock, Section
from connectors.sources.bitrix_mysql.shop import Shop


class _Shown(NamedTuple):
    """What an address may name of an element."""

    host: str
    folder: str
    infoblock: Infoblock
    section: Section | None
    element: Element
    product_url: str


def detail_url(catalogue: Catalogue, infoblock: Infoblock, element: Element, *, product_url: str = "") -> str:
    """The page of an element by the template of its infoblock; `product_url` is the page of an offer's product.

    Codes are URL-encoded, a macro that Bitrix does not know stays as text. "" when there is no template.
    """
    host, folder = catalogue.site_address
    shown = _Shown(host, folder, infoblock, catalogue.sections.get(element.section or 0), element, product_url)
    url = "".join(part if isinstance(part, str) else part(shown) for part in _parts(infoblock.url))
    return absolute(host, _DOUBLED.sub("/", url))


@lru_cache(4096)  # a few codes of sections and infoblocks, for every product
def _encoded(code: str | None) -> str:
    return quote(code or "", safe="-_.~")  # PHP's rawurlencode


@lru_cache(4096)
def _encoded_path(path: str) -> str:
    return "/".join(_encoded(code) for code in path.split("/"))


_DOUBLED = re.compile(r"(?<!:)/{2,}")
_MACROS: Mapping[str, Callable[[_Shown], str]] = {
    "SITE_DIR": lambda shown: shown.folder,
    "LANG": lambda shown: shown.folder,
    "SERVER_NAME": lambda shown: shown.host.partition("://")[2],
    "ID": lambda shown: str(shown.element.id),
    "ELEMENT_ID": lambda shown: str(shown.element.id),
    "CODE": lambda shown: _encoded(shown.element.code),
    "ELEMENT_CODE": lambda shown: _encoded(shown.element.code),
    "EXTERNAL_ID": lambda shown: _encoded(shown.element.xml_id),
    "IBLOCK_ID": lambda shown: str(shown.infoblock.id),
    "IBLOCK_CODE": lambda shown: _encoded(shown.infoblock.code),
    "IBLOCK_TYPE_ID": lambda shown: _encoded(shown.infoblock.type),
    "IBLOCK_EXTERNAL_ID": lambda shown: _encoded(shown.infoblock.xml_id),
    "SECTION_ID": lambda shown: str(shown.section.id) if shown.section else "",
    "SECTION_CODE": lambda shown: _encoded(shown.section.code) if shown.section else "",
    "SECTION_CODE_PATH": lambda shown: _encoded_path(shown.section.path) if shown.section else "",
    "PRODUCT_URL": lambda shown: shown.product_url,
}


@lru_cache(64)  # one template an infoblock
def _parts(template: str) -> tuple[str | Callable[[_Shown], str], ...]:
    """Texts and macros in turn."""
    texts = re.split(r"#([A-Z_]+)#", template)
    return tuple(_MACROS.get(text, f"#{text}#") if place % 2 else text for place, text in enumerate(texts))


def absolute(host: str, url: str) -> str:
    """`url` with the host of the shop before it, unless it has one, or the shop has none."""
    return host + url if url.startswith("/") else url


def picture_urls(shop: Shop, catalogue: Catalogue, files: Collection[int]) -> dict[int, str]:
    """File id → its address. Files in a cloud bucket have theirs only if the bucket's own address is known."""
    if not shop.has("b_file"):
        return {}
    table = shop.table("b_file")
    query = sa.select(*shop.some(table, "ID", "SUBDIR", "FILE_NAME", HANDLER_ID=""))
    host, upload = catalogue.site_address[0], shop.option("main", "upload_dir", "upload").strip("/")
    return {
        file: absolute(host, f"/{upload}/{_folders(subdir)}{quote(name, safe='-_.~')}")
        for file, subdir, name, cloud in shop.tuples_in(query, table.c.ID, files)
        if not cloud
    }


@lru_cache(4096)
def _folders(subdir: str | None) -> str:
    return f"{quote(subdir.strip('/'), safe='/-_.~')}/" if subdir else ""
