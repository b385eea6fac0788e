"""What went out: postings, their recipients, what came back, and who left."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Json, Moment, Reason
from core.tables.columns import Address, Code, Id, ident, table

postings = table(
    "postings",
    ident(),
    sa.Column("issue", Code, nullable=False),
    sa.Column("firing_at", Moment, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("reason", Reason(), nullable=False),
    sa.Column("by_hand", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("opened_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("publication", Json),  # the letter as published for this posting
    sa.Column("mailing", Code, nullable=False, server_default=""),
    sa.Column("kind", sa.String(16), nullable=False, server_default="issue"),  # or of a scenario: marketing, service
    sa.Column("sale", sa.Boolean, nullable=False, server_default=sa.false()),  # its letters hold out a discount
    sa.Column("channel", Code, nullable=False, server_default="email"),
    sa.Column("edition", sa.String(32)),  # of a scenario's letter: a digest of the publication
    sa.UniqueConstraint("issue", "firing_at"),  # one posting per firing, whatever happens twice
)

recipients = table(
    "recipients",
    ident(),
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
    sa.Column("ledger_id", Id, nullable=False, server_default="0"),  # of a scenario's letter: what it answers
    sa.UniqueConstraint("posting_id", "contact_id", "ledger_id"),
    sa.Index("ix_recipients_contact_id_sent_at", "contact_id", "sent_at"),
    sa.Index("ix_recipients_posting_id_status", "posting_id", "status"),
    sa.Index("ix_recipients_status_lease_until", "status", "lease_until"),
    sa.Index("ix_recipients_lease", "lease"),
)

hits = table(  # what came back from letters, raw: every opening and click as it was asked for
    "hits",
    ident(),
    sa.Column("recipient_id", Id, nullable=False, index=True),
    sa.Column("what", sa.String(16), nullable=False),  # "opened", "clicked", "browser", "answered"
    sa.Column("link", sa.Integer),  # its number in the publication
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("agent", sa.String(255), nullable=False),
    sa.Column("machine", sa.Boolean, nullable=False),  # a scanner or a prefetching proxy, not the reader
)

suppressions = table(  # who left: everything ("" = all mailings) or one mailing
    "suppressions",
    ident(),
    sa.Column("email", Address, nullable=False),
    sa.Column("mailing", Code, nullable=False),
    sa.Column("reason", sa.String(255), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("email", "mailing"),
)
