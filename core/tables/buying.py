"""What each contact bought in each shop, and the scales it is judged by: counted from the mirror."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment
from core.tables.columns import Code, Id, Money, table

buyers = table(  # what each contact bought in each source: kept up as orders come in
    "buyers",
    sa.Column("source", Code, primary_key=True),
    sa.Column("contact_id", Id, primary_key=True, autoincrement=False),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("revenue", Money, nullable=False),
    sa.Column("first_at", Moment, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("first_on_sale", sa.Boolean, nullable=False),  # the first order was at a lowered price or with a coupon
    sa.Column("sale_orders", sa.Integer, nullable=False),
    sa.Index("ix_buyers_contact_id", "contact_id"),
    sa.Index("ix_buyers_source_last_at", "source", "last_at"),
)

rfm_scales = table(  # the cut-offs of a source's RFM; `edited`: an admin set them, the clock leaves them alone
    "rfm_scales",
    sa.Column("source", Code, primary_key=True),
    sa.Column("recency", Json, nullable=False),
    sa.Column("frequency", Json, nullable=False),
    sa.Column("monetary", Json, nullable=False),
    sa.Column("edited", sa.Boolean, nullable=False),
    sa.Column("counted_to", Moment),  # orders written before this moment are in `buyers`
    sa.Column("at", Moment, nullable=False),
)

rhythms = table(  # when each contact bought each product (or its parent) and, by that, wants it again
    "rhythms",
    sa.Column("contact_id", Id, primary_key=True, autoincrement=False),
    sa.Column("source", Code, primary_key=True),
    sa.Column("product", Code, primary_key=True),
    sa.Column("last_at", Moment, primary_key=True),  # the first order of a day
    sa.Column("again_at", Moment),  # when it was bought next; NULL: not since
    sa.Column("section", Code, nullable=False),
    sa.Column("orders", sa.Integer, nullable=False),  # days on which it was bought, up to this one
    sa.Column("interval_days", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Index("ix_rhythms_next_at", "next_at"),
)

rhythm_pools = table(  # the intervals of everybody who bought a product, or something of a section, again
    "rhythm_pools",
    sa.Column("source", Code, primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),  # product or section
    sa.Column("code", Code, primary_key=True),
    sa.Column("buyers", sa.Integer, nullable=False),
    sa.Column("clients", sa.Integer, nullable=False),  # the buyers who bought again
    sa.Column("share", sa.Integer, nullable=False),  # of buyers who buy again, in percent
    sa.Column("lately", sa.Integer, nullable=False),  # purchases in the last 90 days
    sa.Column("low", sa.Integer),  # a quarter of the clients buy again sooner; in days
    sa.Column("median", sa.Integer),
    sa.Column("high", sa.Integer),  # a quarter later
)

rhythm_counts = table(  # how far the rhythms of a source are learnt
    "rhythm_counts",
    sa.Column("source", Code, primary_key=True),
    sa.Column("learnt_at", Moment),  # when the pools were counted
    sa.Column("counted_to", Moment),  # orders written before this moment are in `rhythms`
)
