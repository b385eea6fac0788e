"""The sample shop's own site, as far as letters lead to it: pictures of goods, their pages, the basket.

Only `vestnik demo` opens it. A real shop has a site.
"""

from __future__ import annotations

import sqlalchemy as sa
from babel.numbers import format_currency
from fastapi import APIRouter, Request
from starlette.responses import Response

from core import tables
from core.sample.pictures import picture
from core.web.pages import House

router = APIRouter()
_products = tables.products


@router.api_route("/upload/{path:path}", methods=["GET", "HEAD"])
def show_picture(path: str) -> Response:
    headers = {"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "max-age=86400"}
    return Response(picture(path), media_type="image/svg+xml", headers=headers)


@router.get("/catalog/{path:path}")
@router.get("/personal/{path:path}")
def show_page(request: Request, house: House) -> Response:
    """Whatever a letter leads to; of a product what the mirror knows."""
    url = f"{house.config.site.url}{request.url.path}"
    query = sa.select(_products).where(_products.c.url == url, _products.c.gone_at.is_(None))
    with house.engine.connect() as connection:
        product = connection.execute(query.order_by(_products.c.parent).limit(1)).mappings().first()
    price = _price(product, house) if product else ""
    return house.page("shop.html", product=product, price=price, path=request.url.path)


def _price(product: sa.RowMapping, house: House) -> str:
    if product["price"] is None:
        return ""
    return str(format_currency(product["price"], product["currency"], locale=house.config.site.language))
