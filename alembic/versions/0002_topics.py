"""topics of live pages

Revision: 0002, after 0001.
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "topic_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_change")),
    )
    with op.batch_alter_table("topic_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_topic_change_at"), ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("topic_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_topic_change_at"))

    op.drop_table("topic_change")
