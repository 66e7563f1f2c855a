"""The workspaces of Slack that the app is installed in, and the installations that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
    op.create_table(
        "slack_installations",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("installed_by", sa.String(), nullable=False),
        sa.Column("installed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("workspace", name="pk_slack_installations"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slack_states",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_slack_states"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("slack_states")
    op.drop_table("slack_installations")
