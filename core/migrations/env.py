"""Alembic's door: runs the revisions over the connection that it was handed."""

from typing import Any, Literal

from alembic import context

from core import tables
from core.db import Json, Moment, Reason

_NAMED = {"Code": tables.Code, "Address": tables.Address, "Id": tables.Id, "Digest": tables.Digest}


def _by_name(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types are written into revisions by name: what a name means must not change afterwards."""
    if kind != "type":
        return False
    if isinstance(item, Moment | Json):
        return f"{type(item).__name__}()"
    if isinstance(item, Reason):
        return f"sa.String({item.length})" if item.length else "sa.Text()"
    return next((name for name, named in _NAMED.items() if item is named), False)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_item=_by_name,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
