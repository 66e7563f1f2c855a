"""The log and the tables folded from it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _seq() -> Any:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> Any:
    return sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def _json() -> Any:
    return sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("seq", _seq(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("mimetype", sa.String(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("committed_at", _moment(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String()),
        sa.Column("message_id", sa.String()),
        sa.Column("subject", sa.String()),
        sa.Column("data", _json(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_records"),
        sa.UniqueConstraint("id", name="uq_records_id"),
        sa.UniqueConstraint("idempotency_key", name="uq_records_idempotency_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_records_conversation", "records", ["conversation_id", "seq"])
    _partial_index("ix_records_subject", "records", ["subject", "seq"], "subject IS NOT NULL")

    op.create_table(
        "conversations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", _seq(), nullable=False),
        sa.Column("model", _json(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("branched_from", sa.String()),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("last_message_at", _moment(), nullable=False),
        sa.Column("ended_at", _moment()),
        sa.Column("end_reason", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_place", "conversations", ["place", "seq"])
    _partial_index("ix_conversations_idle", "conversations", ["last_message_at"], "ended_at IS NULL")

    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", _seq(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("timestamp", _moment(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("parts", _json(), nullable=False),
        sa.Column("question_id", sa.String()),
        sa.Column("trace_id", sa.String()),
        sa.Column("client_request_id", sa.String()),
        sa.Column("model", _json()),
        sa.Column("parameters", _json()),
        sa.Column("started_at", _moment()),
        sa.Column("first_token_at", _moment()),
        sa.Column("ended_at", _moment()),
        sa.Column("prompt_tokens", sa.Integer()),
        sa.Column("completion_tokens", sa.Integer()),
        sa.Column("finish_reason", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", "seq"])
    _partial_index("ix_messages_replies", "messages", ["timestamp"], "role = 'assistant'")

    op.create_table(
        "message_parts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_message_parts"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "assessments",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source_type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("seq", _seq(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", _json()),
        sa.Column("number", sa.Float()),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("details", _json(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "name", "source_type", "source_id", "origin", name="pk_assessments"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_assessments_origin", "assessments", ["origin"])


def downgrade() -> None:
    for table in ("assessments", "message_parts", "messages", "conversations", "records"):
        op.drop_table(table)
