"""Signed tokens for links in letters, with a secret that Vestnik makes for itself on first need."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer

from core import tables
from core.db import insert_ignoring, writing
from core.errors import N_, Refused


def secret(engine: sa.Engine, *, now: datetime) -> str:
    """The installation's own secret; made at the first call, the same ever after and for every process."""
    known = _known(engine)
    if known is None:
        with writing(engine) as connection:
            row = {"name": "site", "secret": secrets.token_urlsafe(32), "created_at": now}
            insert_ignoring(connection, tables.keys, [row])
        known = _known(engine)
        assert known is not None
    return known


def _known(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(sa.select(tables.keys.c.secret).where(tables.keys.c.name == "site"))


@lru_cache(maxsize=16)
def _signer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=purpose)


def sign(key: str, purpose: str, value: Any) -> str:
    """`value` (JSON) as a URL-safe token that only this installation can make, for one `purpose`."""
    signed = _signer(key, purpose).dumps(value)
    return signed if isinstance(signed, str) else signed.decode("ascii")


def read(key: str, purpose: str, token: str) -> Any:
    """The value in `token`. Raises Refused when it is broken or was signed for something else."""
    try:
        return _signer(key, purpose).loads(token)
    except (BadData, UnicodeError):
        raise Refused(N_("This link is damaged or out of date.")) from None
