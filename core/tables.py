"""Every table of Vestnik: the mirror of the shops, the facts, the definitions, and what became of each letter."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment, Reason

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Byte-wise comparison: in MySQL's usual collations 'е' equals 'ё', and two addresses would become one.
Code = sa.String(64).with_variant(
    sa.dialects.mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
Address = sa.String(254).with_variant(
    sa.dialects.mysql.VARCHAR(254, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite autoincrements INTEGER only
Money = sa.Numeric(18, 4)
Blob = sa.LargeBinary().with_variant(sa.dialects.mysql.LONGBLOB(), "mysql", "mariadb")
Digest = sa.LargeBinary(16).with_variant(sa.dialects.mysql.BINARY(16), "mysql", "mariadb")


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *columns, mysql_engine="InnoDB", mysql_charset="utf8mb4")


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


# ---- sources: how far each has been read ----

source_reads = _table(  # one row per source and kind: the cursor, and the last word on it
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

refusals = _table(  # rows that could not be taken, with the reason; one row per bad row, the latest reason
    "refusals",
    _id(),
    sa.Column("source", Code, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("external_id", Code, nullable=False),
    sa.Column("reason", Reason(), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("source", "kind", "external_id"),
)

# ---- the mirror ----

contacts = _table(
    "contacts",
    _id(),
    sa.Column("email", Address, nullable=False, unique=True),
    sa.Column("domain", Address, nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
)

people = _table(
    "people",
    _id(),
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
    sa.Column("timezone", sa.String(64), nullable=False),
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

baskets = _table(
    "baskets",
    _id(),
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

orders = _table(
    "orders",
    _id(),
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

order_lines = _table(
    "order_lines",
    _id(),
    sa.Column("order_id", Id, nullable=False, index=True),
    sa.Column("product", Code, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("quantity", Money, nullable=False),
    sa.Column("price", Money, nullable=False),
    sa.Column("base_price", Money),  # before discounts; NULL: not known
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Index("ix_order_lines_product_order_id", "product", "order_id"),
)

products = _table(
    "products",
    _id(),
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

views = _table(
    "views",
    _id(),
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

subscriptions = _table(  # one address on one list of a shop
    "subscriptions",
    _id(),
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

facts = _table(  # append-only: one dated thing that happened
    "facts",
    _id(),
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

# ---- definitions ----

recipient_groups = _table(
    "recipient_groups",
    _id(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("include", Json, nullable=False),
    sa.Column("exclude", Json),
    sa.Column("static", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("frozen_at", Moment),  # when the list of a static group was made
    sa.Column("changed_at", Moment, nullable=False),
)

group_members = _table(  # the frozen lists of static groups
    "group_members",
    sa.Column("group", Code, primary_key=True),
    sa.Column("contact_id", Id, primary_key=True, autoincrement=False),
)

group_snapshots = _table(  # who was in a group at a moment: a compressed set of contact ids
    "group_snapshots",
    _id(),
    sa.Column("group", Code, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("posting_id", Id),  # the posting that asked; NULL: somebody asked by hand
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("include", Json, nullable=False),  # the rule as it was then
    sa.Column("exclude", Json),
    sa.Column("members", Blob, nullable=False),
    sa.UniqueConstraint("group", "at"),
)

buyers = _table(  # what each contact bought in each source: kept up as orders come in
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

rfm_scales = _table(  # the cut-offs of a source's RFM; `edited`: an admin set them, the clock leaves them alone
    "rfm_scales",
    sa.Column("source", Code, primary_key=True),
    sa.Column("recency", Json, nullable=False),
    sa.Column("frequency", Json, nullable=False),
    sa.Column("monetary", Json, nullable=False),
    sa.Column("edited", sa.Boolean, nullable=False),
    sa.Column("counted_to", Moment),  # orders written before this moment are in `buyers`
    sa.Column("at", Moment, nullable=False),
)

mailings = _table(
    "mailings",
    _id(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("sender", sa.String(320), nullable=False),
    sa.Column("reply_to", sa.String(320), nullable=False),
    sa.Column("include_groups", Json, nullable=False),
    sa.Column("exclude_groups", Json, nullable=False),
    sa.Column("utm", Json, nullable=False),
    sa.Column("layout", Code, nullable=False),
    sa.Column("consent", sa.String(16), nullable=False, server_default="any"),  # what a contact must have agreed to
    sa.Column("track", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("changed_at", Moment, nullable=False),
)

issues = _table(
    "issues",
    _id(),
    sa.Column("code", Code, nullable=False, unique=True),
    sa.Column("mailing", Code, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("letter", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(500), nullable=False),
    sa.Column("preheader", sa.String(500), nullable=False),
    sa.Column("schedule", sa.String(255), nullable=False),  # "" = sent by hand only
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("catch_up_seconds", sa.Integer, nullable=False),
    sa.Column("max_age_seconds", sa.Integer, nullable=False),
    sa.Column("utm", Json, nullable=False),
    sa.Column("blocks", Json),  # the blocks after the letter's own text
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("scheduled_from", Moment, nullable=False),  # firings before this moment never happen
    sa.Column("changed_at", Moment, nullable=False),
)

# ---- what went out ----

postings = _table(
    "postings",
    _id(),
    sa.Column("issue", Code, nullable=False),
    sa.Column("firing_at", Moment, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("reason", Reason(), nullable=False),
    sa.Column("by_hand", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("opened_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("publication", Json),  # the letter as published for this posting
    sa.UniqueConstraint("issue", "firing_at"),  # one posting per firing, whatever happens twice
)

recipients = _table(
    "recipients",
    _id(),
    sa.Column("posting_id", Id, nullable=False),
    sa.Column("contact_id", Id, nullable=False),
    sa.Column("person_id", Id),
    sa.Column("email", Address, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", Reason(500), nullable=False),  # why skipped or failed; the relay's words
    sa.Column("message_id", sa.String(255), nullable=False),
    sa.Column("lease", sa.String(36)),  # who holds the row: one worker's one batch
    sa.Column("lease_until", Moment),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    sa.Column("next_at", Moment),  # not before this moment (after a 4xx)
    sa.Column("sent_at", Moment),
    sa.Column("opened_at", Moment),  # the first time
    sa.Column("clicked_at", Moment),  # the first time
    sa.UniqueConstraint("posting_id", "contact_id"),
    sa.Index("ix_recipients_contact_id_sent_at", "contact_id", "sent_at"),
    sa.Index("ix_recipients_posting_id_status", "posting_id", "status"),
    sa.Index("ix_recipients_status_lease_until", "status", "lease_until"),
    sa.Index("ix_recipients_lease", "lease"),
)

hits = _table(  # what came back from letters, raw: every opening and click as it was asked for
    "hits",
    _id(),
    sa.Column("recipient_id", Id, nullable=False, index=True),
    sa.Column("what", sa.String(16), nullable=False),  # "opened", "clicked", "browser"
    sa.Column("link", sa.Integer),  # its number in the publication
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("agent", sa.String(255), nullable=False),
    sa.Column("machine", sa.Boolean, nullable=False),  # a scanner or a prefetching proxy, not the reader
)

suppressions = _table(  # who left: everything ("" = all mailings) or one mailing
    "suppressions",
    _id(),
    sa.Column("email", Address, nullable=False),
    sa.Column("mailing", Code, nullable=False),
    sa.Column("reason", sa.String(255), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("email", "mailing"),
)

# ---- coupons ----

coupons = _table(  # one coupon of one letter: planned → made → used | removed | lost
    "coupons",
    _id(),
    sa.Column("key", Address, nullable=False, unique=True),  # issue, anchor, contact, offer: what names it for ever
    sa.Column("source", Code, nullable=False),
    sa.Column("rule", Code, nullable=False),
    sa.Column("recipient_id", Id, nullable=False),
    sa.Column("offer", sa.String(16), nullable=False),  # which of the letter's coupons, see core.coupon
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("code", Code),
    sa.Column("valid_until", Moment),  # NULL: no end
    sa.Column("ending", sa.String(16), nullable=False),
    sa.Column("terms", Json, nullable=False),  # what the source is asked for beside rule, key and end
    sa.Column("pooled", sa.Boolean, nullable=False),  # handed out of `coupon_pool`
    sa.Column("made_at", Moment),
    sa.Column("used_at", Moment),
    sa.Column("orders", Json),  # external ids of the orders it was used in
    sa.Column("changed_at", Moment, nullable=False),
    sa.Index("ix_coupons_recipient_id_offer", "recipient_id", "offer"),
    sa.Index("ix_coupons_source_rule_status", "source", "rule", "status"),
    sa.Index("ix_coupons_status_valid_until", "status", "valid_until"),
)

coupon_accounts = _table(  # one row a rule: locked while coupons of it are planned; how its last audit went
    "coupon_accounts",
    sa.Column("source", Code, primary_key=True),
    sa.Column("rule", Code, primary_key=True),
    sa.Column("audited_at", Moment),
    sa.Column("failed_at", Moment),  # when its source could not be asked
    sa.Column("error", Reason()),
)

coupon_pool = _table(  # codes made elsewhere, for sources that cannot make any
    "coupon_pool",
    _id(),
    sa.Column("source", Code, nullable=False),
    sa.Column("rule", Code, nullable=False),
    sa.Column("code", Code, nullable=False),
    sa.Column("folded", Code, nullable=False),  # the code without regard to case
    sa.Column("coupon_id", Id, unique=True),  # whose it is; NULL: free
    sa.Column("imported_at", Moment, nullable=False),
    sa.UniqueConstraint("source", "folded"),
    sa.Index("ix_coupon_pool_source_rule_coupon_id", "source", "rule", "coupon_id"),
)

# ---- the house's own memory ----

leases = _table(  # who is leader of what, until when
    "leases",
    sa.Column("name", Code, primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("until", Moment, nullable=False),
)

keys = _table(  # secrets made by Vestnik itself on first need
    "keys",
    sa.Column("name", Code, primary_key=True),
    sa.Column("secret", sa.String(255), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
