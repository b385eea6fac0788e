"""UF_ fields of users: `b_uts_user` holds the values, `b_user_field` says what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import php, values
from connectors.sources.bitrix_mysql.shop import Shop

Attributes = tuple[dict[str, Any], list[str]]  # the values by field name, and what could not be read

_Reader = Callable[[Any], Any]


class UserFields:
    """Reads the fields of many users at once. Bitrix makes the tables with the first field: they may not exist."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._options = self._enumerations()
        self._readers = self._declared()

    def of(self, users: Sequence[int]) -> dict[int, Attributes]:
        """User id → attributes; a list's value is its text, a multiple field is a list, empty fields are left out."""
        if not self._readers:
            return {}
        stored = self._shop.table("b_uts_user")
        query = sa.select(stored.c.VALUE_ID, *(stored.c[name] for name in self._readers))
        rows = self._shop.tuples_in(query, stored.c.VALUE_ID, users)
        return {user: self._attributes(cells) for user, *cells in rows}

    def _declared(self) -> dict[str, _Reader]:
        """Field name → how its values are read, of those that have a column."""
        if not (self._shop.has("b_user_field") and self._shop.has("b_uts_user")):
            return {}
        fields, columns = self._shop.table("b_user_field"), self._shop.columns["b_uts_user"]
        query = sa.select(fields.c.FIELD_NAME, fields.c.USER_TYPE_ID, fields.c.MULTIPLE).where(
            fields.c.ENTITY_ID == "USER"
        )
        return {
            row["FIELD_NAME"]: self._reader(row["USER_TYPE_ID"], row["MULTIPLE"])
            for row in self._shop.rows(query)
            if row["FIELD_NAME"] in columns
        }

    def _enumerations(self) -> dict[int, str]:
        if not self._shop.has("b_user_field_enum"):
            return {}
        options = self._shop.table("b_user_field_enum")
        rows = self._shop.rows(sa.select(options.c.ID, options.c.VALUE))
        return {row["ID"]: values.text(row["VALUE"]) for row in rows}

    def _attributes(self, cells: Sequence[Any]) -> Attributes:
        found: dict[str, Any] = {}
        faults: list[str] = []
        for (name, read), cell in zip(self._readers.items(), cells, strict=True):
            if cell is None or cell == "":
                continue
            try:
                value = read(cell)
            except (ValueError, KeyError, TypeError) as error:
                faults.append(f"b_uts_user.{name}: {error}")
                continue
            if value not in (None, "", []):
                found[name] = value
        return found, faults

    def _reader(self, kind: str, multiple: str) -> _Reader:
        """How a field of that type is read; what is empty is not given to it."""
        readers: dict[str, _Reader] = {
            "enumeration": lambda stored: self._options.get(int(stored)),
            "boolean": lambda stored: str(stored) not in {"0", "N"},
            "integer": int,
            "double": _number,
            "money": _number,
            "date": _day,
            "datetime": self._moment,
        }
        single = readers.get(kind, values.text)
        return partial(self._several, single) if values.yes(multiple) else single

    def _several(self, single: _Reader, stored: Any) -> list[Any]:
        items = php.unserialized(stored, self._shop.settings.php_charset)
        if not isinstance(items, list | dict):
            return []
        given = (item for item in (items.values() if isinstance(items, dict) else items) if item not in (None, ""))
        return [value for value in map(single, given) if value not in (None, "")]

    def _moment(self, stored: Any) -> str | None:
        found = self._shop.moment(stored)
        return found.isoformat() if found else None


def _number(stored: Any) -> Any:
    """A number, or the text that an admin's own field type put there."""
    if isinstance(stored, float):
        return stored
    return float(stored) if str(stored).replace(".", "", 1).lstrip("-").isdigit() else values.text(stored)


def _day(stored: Any) -> str | None:
    found = values.day(stored)
    return found.isoformat() if found else None
