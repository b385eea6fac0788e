"""docs/anchors.md: its table is that of the settings, its examples work.

Written by python -m tests.scenarios.anchors.test_docs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from core import plugin
from core.scenario import Anchor, Span
from tests.conftest import NOW
from tests.core.rules.shop import MOSCOW, ago
from tests.scenarios.anchors.town import SHELF, Town
from tests.test_docs import blocks

DOCS = Path(__file__).resolve().parents[3] / "docs" / "anchors.md"
_TABLE = re.compile(r"(<!-- made from[^\n]*-->\n)(.*)(<!-- end -->)", re.DOTALL)


def table() -> str:
    """Each anchor with what it is and its settings, as Markdown."""
    return "".join(_anchor(SHELF[code]) for code in sorted(SHELF))


def _anchor(anchor: type[Anchor]) -> str:
    about = f"\n### {anchor.code}\n\n{anchor.title}. {cleandoc(anchor.__doc__ or '')}\n"
    rows = list(_rows(anchor.Settings.model_json_schema()))
    head = ["| setting | values | default | |", "|---|---|---|---|"]
    return about + ("\n" + "\n".join([*head, *rows]) + "\n" if rows else "")


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    for name, one in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        default = "needed" if needed else "" if one.get("default") in (None, "", {}) else f"`{_said(one['default'])}`"
        yield f"| `{name}` | {_values(one, schema)} | {default} | {one['title']} |"


def _values(one: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in one:
        members = schema["$defs"][one["$ref"].rpartition("/")[2]]["properties"]
        return "table: " + ", ".join(f"`{name}`" for name in members)
    if "anyOf" in one:
        return _values(next(other for other in one["anyOf"] if other.get("type") != "null"), schema)
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    kinds = {"integer": "number", "string": "text", "boolean": "`true`, `false`", "array": "list", "object": "table"}
    limits = [one.get("minimum"), one.get("maximum")]
    return kinds.get(one["type"], one["type"]) + (f", {limits[0]}–{limits[1]}" if None not in limits else "")


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')


def test_the_table_is_that_of_the_settings() -> None:
    found = _TABLE.search(DOCS.read_text("utf-8"))
    assert found
    assert found[2] == table(), "run: python -m tests.scenarios.anchors.test_docs"


def test_every_setting_has_a_title_for_the_form() -> None:
    for anchor in SHELF.values():
        assert anchor.title
        assert anchor.__doc__
        for name, field in anchor.Settings.model_fields.items():
            assert field.title, f"{anchor.code}.{name}"


def test_the_anchors_of_the_page_are_understood(town: Town) -> None:
    [text] = blocks(DOCS.read_text("utf-8"), "toml")
    shown = [line for line in text.splitlines() if line.startswith("anchor")]
    assert len(shown) > 5
    for line in shown:
        anchor = tomllib.loads(line)["anchor"]
        code = anchor.pop("code")
        assert town.entered(code, ago(3), **anchor) == []


def test_the_example_of_an_anchor_works(town: Town, tmp_path: Path) -> None:
    [source] = blocks(DOCS.read_text("utf-8"), "python")
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "reviewed.py").write_text(source, "utf-8")
    shelf = plugin.shelf("scenarios.anchors", Anchor, tmp_path)  # type: ignore[type-abstract]
    town.fact("reviewed", "anna", ago(2), "42", stars=2)
    town.fact("reviewed", "boris", ago(1), "42", stars=5)
    settings = plugin.settings_of(shelf["reviewed"], {"stars": 3}, where="test")
    with town.engine.connect() as connection:
        rows = connection.execute(shelf["reviewed"]().entries(settings, Span(MOSCOW, ago(3), NOW))).all()
    assert [(row.person, row.subject, row.at) for row in rows] == [("anna", "42", ago(2))]


if __name__ == "__main__":
    DOCS.write_text(_TABLE.sub(lambda found: found[1] + table() + found[3], DOCS.read_text("utf-8")), "utf-8")
