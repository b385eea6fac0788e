"""UF_ fields of users: `b_uts_user` holds the values, `b_user_field` says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectors.sources.bitrix_mysql import php, values
from connectors.sources.bitrix_mysql.shop import Shop
from connectors.sources.bitrix_mysql.values import Row

Attributes = tuple[dict[str, Any], list[str]]  # the values by field name, and what could not be read


class UserFields:
    """Reads the fields of many users at once. Bitrix makes the tables with the first field: they may not exist."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._types = self._declared()
        self._options = self._enumerations()

    def of(self, users: Sequence[int]) -> dict[int, Attributes]:
        """User id → attributes; a list's value is its text, a multiple field is a list, empty fields are left out."""
        if not self._types:
            return {}
        stored = self._shop.table("b_uts_user")
        query = sa.select(stored.c.VALUE_ID, *(stored.c[name] for name in self._types))
        return {row["VALUE_ID"]: self._attributes(row) for row in self._shop.rows_in(query, stored.c.VALUE_ID, users)}

    def _declared(self) -> dict[str, tuple[str, bool]]:
        """Field name → (type, multiple), of those that have a column."""
        if not (self._shop.has("b_user_field") and self._shop.has("b_uts_user")):
            return {}
        fields, columns = self._shop.table("b_user_field"), self._shop.columns["b_uts_user"]
        query = sa.select(fields.c.FIELD_NAME, fields.c.USER_TYPE_ID, fields.c.MULTIPLE).where(
            fields.c.ENTITY_ID == "USER"
        )
        return {
            row["FIELD_NAME"]: (row["USER_TYPE_ID"], values.yes(row["MULTIPLE"]))
            for row in self._shop.rows(query)
            if row["FIELD_NAME"] in columns
        }

    def _enumerations(self) -> dict[int, str]:
        if not self._shop.has("b_user_field_enum"):
            return {}
        options = self._shop.table("b_user_field_enum")
        rows = self._shop.rows(sa.select(options.c.ID, options.c.VALUE))
        return {row["ID"]: values.text(row["VALUE"]) for row in rows}

    def _attributes(self, row: Row) -> Attributes:
        found: dict[str, Any] = {}
        faults: list[str] = []
        for name, (kind, multiple) in self._types.items():
            try:
                value = self._value(kind, multiple, row[name])
            except (ValueError, KeyError, TypeError) as error:
                faults.append(f"b_uts_user.{name}: {error}")
                continue
            if value not in (None, "", []):
                found[name] = value
        return found, faults

    def _value(self, kind: str, multiple: bool, stored: Any) -> Any:
        if not multiple:
            return self._single(kind, stored)
        items = php.unserialized(stored, self._shop.settings.php_charset) if stored else []
        if not isinstance(items, list | dict):
            return []
        singles = (self._single(kind, item) for item in (items.values() if isinstance(items, dict) else items))
        return [single for single in singles if single not in (None, "")]

    def _single(self, kind: str, stored: Any) -> Any:
        if stored in (None, ""):
            return None
        if kind == "enumeration":
            return self._options.get(int(stored))
        if kind == "boolean":
            return str(stored) not in {"0", "N"}
        if kind == "integer":
            return int(stored)
        if kind in {"double", "money"} and str(stored).replace(".", "", 1).lstrip("-").isdigit():
            return float(stored)
        if kind == "date":
            found = values.day(stored)
            return found.isoformat() if found else None
        if kind == "datetime":
            moment = self._shop.moment(stored)
            return moment.isoformat() if moment else None
        return values.text(stored)
