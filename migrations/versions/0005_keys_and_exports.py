"""Secret keys of our own, and which files and services what is in the log was given to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
    op.create_table(
        "keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("seq_from", seq, nullable=False),
        sa.Column("seq_to", seq, nullable=False),
        sa.Column("options", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("stale_since", moment),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stale_messages",
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "message_id", name="pk_stale_messages"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("stale_messages")
    op.drop_table("exports")
    op.drop_table("keys")
