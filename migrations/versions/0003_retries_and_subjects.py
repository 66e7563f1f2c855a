"""Second answers, words that are not kept, and what people said of what may be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("retry_of", sa.String()))
        messages.add_column(sa.Column("withheld", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("messages") as messages:
        messages.alter_column("withheld", server_default=None)
    op.create_table(
        "subjects",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("keep", sa.Boolean(), nullable=False),
        sa.Column("erased_at", moment),
        sa.PrimaryKeyConstraint("key", name="pk_subjects"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "erased_keys",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("erased_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_erased_keys"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("erased_keys")
    op.drop_table("subjects")
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("withheld")
        messages.drop_column("retry_of")
