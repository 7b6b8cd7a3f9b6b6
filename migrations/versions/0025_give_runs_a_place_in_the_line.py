"""Give each run that waits its place in the queue, in the order of asking. One that is over takes a place when it is
retried, and one that old code asks for meanwhile stands first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
_QUEUED = sa.text("state = 'queued'")


def upgrade():
    op.add_column("run", sa.Column("line", sa.String(36), nullable=False, server_default=""))
    op.execute("UPDATE run SET line = id WHERE state IN ('queued', 'running', 'retrying', 'cancelling')")
    op.drop_index("ix_run_queued", "run")
    op.create_index("ix_run_queued", "run", ["queue", "line"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)


def downgrade():
    op.drop_index("ix_run_queued", "run")
    op.create_index("ix_run_queued", "run", ["queue", "id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.drop_column("run", "line")
