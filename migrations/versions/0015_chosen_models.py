"""Which model was chosen in a channel."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "model_choices",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("seq", SEQ, nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_model_choices"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("model_choices")
