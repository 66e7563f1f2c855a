"""How a reply streamed is kept with it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("streaming", json))


def downgrade() -> None:
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("streaming")
