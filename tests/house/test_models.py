"""The migrations make exactly the tables that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade

from app.extensions import db
from app.services import schema
from tests import database


def test_migrated_tables_are_the_models(app):
    database.empty(db.engine)

    schema.prepare()

    with db.engine.connect() as connection:
        assert schema.missing_migrations(connection) == []
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_migrations_go_back_to_an_empty_database(app):
    database.empty(db.engine)
    schema.prepare()

    downgrade(revision="base")

    assert set(db.inspect(db.engine).get_table_names()) <= {"alembic_version"}
