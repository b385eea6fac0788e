"""What befell products lately, as intake saw it: cheaper, or back in stock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.block import Asked
from core.bulk import among
from core.db import chunks
from core.goods import Ref
from core.tables import facts


def befell(asked: Asked, what: str, refs: Collection[Ref], *, days: int) -> dict[Ref, list[dict[str, Any]]]:
    """Product → the details of each fact of this name in so many days, the oldest first."""
    found: dict[Ref, list[dict[str, Any]]] = {}
    lately = (facts.c.what == what, facts.c.at > asked.now - timedelta(days=days), facts.c.at <= asked.now)
    query = sa.select(facts.c.source, facts.c.subject, facts.c.details).where(*lately).order_by(facts.c.at, facts.c.id)
    for part in chunks(sorted({one for _, one in refs}), 5000):
        for source, subject, details in asked.connection.execute(query.where(among(facts.c.subject, part))):
            if (source, subject) in refs:
                found.setdefault((source, subject), []).append(details)
    return found
