"""The migrations make exactly the tables that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade

from app.adapters import search
from app.extensions import db
from app.services import schema
from tests import database


def test_migrated_tables_are_the_models(app):
    database.empty(db.engine)

    schema.prepare()

    with db.engine.connect() as connection:
        assert schema.missing_migrations(connection) == []
        options = {"include_name": lambda name, kind, _parents: not (kind == "table" and search.is_ours(name))}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata) == []


def test_migrations_go_back_to_an_empty_database(app):
    database.empty(db.engine)
    schema.prepare()

    downgrade(revision="base")

    assert set(db.inspect(db.engine).get_table_names()) <= {"alembic_version"}
