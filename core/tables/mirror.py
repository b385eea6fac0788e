"""The mirror of the shops: how far each source has been read, its rows, and the dated facts of them."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment, Reason
from core.tables.columns import Address, Code, Digest, Id, Money, ident, table

source_reads = table(  # one row per source and kind: the cursor, and the last word on it
    "source_reads",
    sa.Column("source", Code, primary_key=True),
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column("cursor", Json),
    sa.Column("sweep_started_at", Moment),  # set while a full read is under way
    sa.Column("pulled_at", Moment),  # last time this kind was read to its end
    sa.Column("swept_at", Moment),  # last time all of it was read
    sa.Column("error", Reason()),
    sa.Column("failed_at", Moment),
)

refusals = table(  # rows that could not be taken, with the reason; one row per bad row, the latest reason
    "refusals",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("reason", Reason(), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("source", "kind", "external_id"),
)

contacts = table(
    "contacts",
    ident(),
    sa.Column("email", Address, nullable=False, unique=True),
    sa.Column("domain", Address, nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
)

people = table(
    "people",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("contact_id", Id, index=True),
    sa.Column("email", sa.String(255), nullable=False),  # as the source wrote it
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("last_name", sa.String(255), nullable=False),
    sa.Column("second_name", sa.String(255), nullable=False),
    sa.Column("gender", sa.String(1), nullable=False),
    sa.Column("birthday", sa.Date),
    sa.Column("birthday_md", sa.SmallInteger, index=True),  # month * 100 + day
    sa.Column("phone", sa.String(255), nullable=False),
    sa.Column("city", sa.String(255), nullable=False),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False, index=True),
    sa.Column("registered_at", Moment, index=True),
    sa.Column("last_login_at", Moment, index=True),
    sa.Column("last_activity_at", Moment),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("kind", sa.String(16), nullable=False, server_default="user"),  # or "address", made by intake
    sa.Column("attributes", Json, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("gone_at", Moment),
    sa.UniqueConstraint("source", "external_id"),
)

baskets = table(
    "baskets",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("person", Code, nullable=False, index=True),
    sa.Column("contact_id", Id, index=True),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("created_at", Moment),
    sa.Column("changed_at", Moment, index=True),
    sa.Column("total", Money, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("gone_at", Moment),
    sa.UniqueConstraint("source", "external_id"),
)

orders = table(
    "orders",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("number", sa.String(100), nullable=False),
    sa.Column("person", Code, nullable=False, index=True),
    sa.Column("contact_id", Id),
    sa.Column("email", sa.String(255), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("phone", sa.String(255), nullable=False),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("status_name", sa.String(255), nullable=False),
    sa.Column("total", Money, nullable=False),
    sa.Column("delivery_price", Money, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("created_at", Moment, nullable=False, index=True),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("paid_at", Moment),
    sa.Column("cancelled_at", Moment),
    sa.Column("completed", sa.Boolean, nullable=False),
    sa.Column("offline", sa.Boolean, nullable=False, server_default=sa.false()),  # from another channel than the site
    sa.Column("payments", Json),
    sa.Column("shipments", Json),
    sa.Column("coupons", Json),
    sa.Column("properties", Json),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("written_at", Moment),  # when intake last found it new or changed
    sa.Column("gone_at", Moment),
    sa.UniqueConstraint("source", "external_id"),
    sa.Index("ix_orders_source_written_at", "source", "written_at"),
    # covers what groups ask of orders: without it each of a contact's orders is a read of its own (17 s became 0.3)
    sa.Index("ix_orders_contact", "contact_id", "created_at", "cancelled_at", "currency", "total", "offline"),
)

order_lines = table(
    "order_lines",
    ident(),
    sa.Column("order_id", Id, nullable=False, index=True),
    sa.Column("product", Code, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("quantity", Money, nullable=False),
    sa.Column("price", Money, nullable=False),
    sa.Column("base_price", Money),  # before discounts; NULL: not known
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Index("ix_order_lines_product_order_id", "product", "order_id"),
)

products = table(
    "products",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("parent", Code, nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("picture_url", sa.Text, nullable=False),
    sa.Column("section", Code, nullable=False, index=True),
    sa.Column("sections", Json),
    sa.Column("catalogue", Code, nullable=False, index=True),
    sa.Column("xml_id", sa.String(255), nullable=False),
    sa.Column("price", Money),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("available", sa.Boolean, nullable=False),
    sa.Column("quantity", Money, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, index=True),
    sa.Column("shows", sa.Integer, nullable=False),
    sa.Column("sort", sa.Integer, nullable=False),
    sa.Column("properties", Json, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("gone_at", Moment),
    sa.UniqueConstraint("source", "external_id"),
)

views = table(
    "views",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("person", Code, nullable=False, index=True),
    sa.Column("contact_id", Id, index=True),
    sa.Column("product", Code, nullable=False, index=True),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.UniqueConstraint("source", "external_id"),
)

subscriptions = table(  # one address on one list of a shop
    "subscriptions",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("contact_id", Id, index=True),
    sa.Column("list", Code, nullable=False, index=True),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("email", sa.String(255), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("person", Code, nullable=False),
    sa.Column("at", Moment),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("gone_at", Moment),
    sa.UniqueConstraint("source", "external_id"),
)

facts = table(  # append-only: one dated thing that happened
    "facts",
    ident(),
    sa.Column("source", Code, nullable=False),
    sa.Column("what", sa.String(32), nullable=False),
    sa.Column("at", Moment, nullable=False),  # when it happened in the shop
    sa.Column("seen_at", Moment, nullable=False),  # when Vestnik learnt of it
    sa.Column("person", Code, nullable=False),
    sa.Column("contact_id", Id),
    sa.Column("subject", Code, nullable=False),  # external id of the order, product or basket it is about
    sa.Column("details", Json, nullable=False),
    sa.Column("digest", Digest, nullable=False, unique=True),  # the same fact told twice is one row
    sa.Index("ix_facts_what_at", "what", "at"),
    sa.Index("ix_facts_contact_id_what_at", "contact_id", "what", "at"),
)
