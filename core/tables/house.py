"""The house's own memory: who leads, its secrets, and the look of letters."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment
from core.tables.columns import Code, ident, table

leases = table(  # who is leader of what, until when
    "leases",
    sa.Column("name", Code, primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("until", Moment, nullable=False),
)

keys = table(  # secrets made by Vestnik itself on first need
    "keys",
    sa.Column("name", Code, primary_key=True),
    sa.Column("secret", sa.String(255), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

brand = table(  # what the admin set over [site] of the settings file; the newest row is in force
    "brand",
    ident(),
    sa.Column("kept", Json, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
)
