"""Scenarios."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import Json, Moment
from core.tables import Address, Code, Id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("scenario", Code, nullable=False),
        sa.Column("step", Code, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("anchor", Address, nullable=False),
        sa.Column("anchor_at", Moment(), nullable=False),
        sa.Column("source", Code, nullable=False),
        sa.Column("person", Code, nullable=False),
        sa.Column("subject", Code, nullable=False),
        sa.Column("first_due_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("shown", Json(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint(
            "scenario", "step", "contact_id", "anchor", name=op.f("uq_ledger_scenario_step_contact_id_anchor")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_ledger_contact_id_scenario", "ledger", ["contact_id", "scenario"], unique=False)
    op.create_index("ix_ledger_scenario_decided_at", "ledger", ["scenario", "decided_at"], unique=False)
    op.create_index("ix_ledger_status_due_at", "ledger", ["status", "due_at"], unique=False)
    op.create_table(
        "scenario_looks",
        sa.Column("scenario", Code, nullable=False),
        sa.Column("step", Code, nullable=False),
        sa.Column("looked_to", Moment(), nullable=False),
        sa.Column("learnt_to", Id, nullable=False),
        sa.Column("swept_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("scenario", "step", name=op.f("pk_scenario_looks")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "scenarios",
        sa.Column("code", Code, nullable=False),
        sa.Column("edited", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_at", Moment(), nullable=True),
        sa.Column("since", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_scenarios")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.add_column("postings", sa.Column("mailing", Code, server_default="", nullable=False))
    op.add_column("postings", sa.Column("kind", sa.String(length=16), server_default="issue", nullable=False))
    op.add_column("postings", sa.Column("sale", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("postings", sa.Column("channel", Code, server_default="email", nullable=False))
    op.add_column("postings", sa.Column("edition", sa.String(length=32), nullable=True))
    with op.batch_alter_table("recipients") as recipients:
        recipients.add_column(sa.Column("ledger_id", Id, server_default="0", nullable=False))
        recipients.drop_constraint(op.f("uq_recipients_posting_id_contact_id"), type_="unique")
        recipients.create_unique_constraint(
            op.f("uq_recipients_posting_id_contact_id_ledger_id"), ["posting_id", "contact_id", "ledger_id"]
        )
    op.add_column("mailings", sa.Column("capped", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_people_timezone"), "people", ["timezone"], unique=False)
    op.execute(
        "UPDATE postings SET mailing = coalesce((SELECT mailing FROM issues WHERE issues.code = postings.issue), '')"
    )


def downgrade() -> None:
    op.drop_column("mailings", "capped")
    op.drop_index(op.f("ix_people_timezone"), table_name="people")
    with op.batch_alter_table("recipients") as recipients:
        recipients.drop_constraint(op.f("uq_recipients_posting_id_contact_id_ledger_id"), type_="unique")
        recipients.create_unique_constraint(op.f("uq_recipients_posting_id_contact_id"), ["posting_id", "contact_id"])
        recipients.drop_column("ledger_id")
    op.drop_column("postings", "edition")
    op.drop_column("postings", "channel")
    op.drop_column("postings", "sale")
    op.drop_column("postings", "kind")
    op.drop_column("postings", "mailing")
    op.drop_table("scenarios")
    op.drop_table("scenario_looks")
    op.drop_index("ix_ledger_status_due_at", table_name="ledger")
    op.drop_index("ix_ledger_scenario_decided_at", table_name="ledger")
    op.drop_index("ix_ledger_contact_id_scenario", table_name="ledger")
    op.drop_table("ledger")
