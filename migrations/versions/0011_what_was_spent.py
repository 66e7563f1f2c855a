"""What people and channels have spent of their day's budget."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "spending",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("turns", SEQ, nullable=False),
        sa.Column("tokens", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("who", "day", name="pk_spending"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("spending")
