"""Our tables brought to today's shape by alembic, at every start; doing it twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.db import unreachable, writing
from core.errors import N_, Misconfigured, masked


def upgrade(engine: sa.Engine) -> None:
    """Create or alter our tables. Raises Unreachable (no server) or Misconfigured (no right, a newer database)."""
    head = _scripts().get_current_head()
    try:
        if current(engine) == head:
            return
        with writing(engine) as connection:
            _locked_upgrade(connection)
    except sa.exc.OperationalError as error:
        raise _explained(engine, error) from None


def write_revision(engine: sa.Engine, title: str, number: str) -> None:
    """For developers (`make revision`): a new revision file with the difference between `engine` and core.tables."""
    with writing(engine) as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.revision(config, message=title, autogenerate=True, rev_id=number)


def current(engine: sa.Engine) -> str | None:
    """The revision that the database stands at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _locked_upgrade(connection: sa.Connection) -> None:
    """Two processes may start at once: MySQL waits on a named lock, SQLite on its one write lock."""
    mysql = connection.dialect.name != "sqlite"
    if mysql:
        connection.execute(sa.text("SELECT GET_LOCK('vestnik_migrations', 60)"))
    try:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    finally:
        if mysql:
            connection.execute(sa.text("SELECT RELEASE_LOCK('vestnik_migrations')"))


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_alembic())


def _explained(engine: sa.Engine, error: sa.exc.OperationalError) -> Exception:
    code = error.orig.args[0] if error.orig and error.orig.args else 0
    what = f"[database] {masked(engine.url.render_as_string(hide_password=True))}"
    if code in {1044, 1045, 1049, 1142, 1698}:
        return Misconfigured(
            N_("{what}: {error}. Create the database and give the user all rights in it, see docs/mysql.md."),
            what=what,
            error=str(error.orig),
        )
    return unreachable(error, what=what)
