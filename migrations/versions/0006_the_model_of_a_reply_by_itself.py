"""The id of a reply's model stands in a column, and what reports count in an index."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REPLIES = sa.text("role = 'assistant'")


def upgrade() -> None:
    op.drop_index("ix_messages_replies", "messages")
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("model_id", sa.String()))
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    found = "json_extract(model, '$.id')" if on_sqlite else "model ->> 'id'"
    op.execute(f"UPDATE messages SET model_id = {found} WHERE model IS NOT NULL")  # noqa: S608 - our own words
    op.create_index(
        "ix_messages_replies",
        "messages",
        ["timestamp", "model_id", "conversation_id", "role"],
        sqlite_where=REPLIES,
        postgresql_where=REPLIES,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_replies", "messages")
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("model_id")
    op.create_index("ix_messages_replies", "messages", ["timestamp"], sqlite_where=REPLIES, postgresql_where=REPLIES)
