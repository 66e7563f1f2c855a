"""Keys of the HTTP interface, and replies by the id of their request."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

REPLIES = sa.text("client_request_id IS NOT NULL")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
    op.create_table(
        "web_keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("revoked_at", moment),
        sa.PrimaryKeyConstraint("name", name="pk_web_keys"),
        sa.UniqueConstraint("digest", name="uq_web_keys_digest"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_messages_request", "messages", ["client_request_id"], sqlite_where=REPLIES, postgresql_where=REPLIES
    )


def downgrade() -> None:
    op.drop_index("ix_messages_request", "messages")
    op.drop_table("web_keys")
