"""docs/blocks.md: its table is that of the settings, its example works. Written by python -m tests.blocks.test_docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import compose, plugin
from core.block import Block, BlockSettings
from core.compose import Press
from tests.blocks.conftest import SHELF, SITE, Shop
from tests.issues import ISSUE, MAILING
from tests.test_docs import blocks

DOCS = Path(__file__).resolve().parents[2] / "docs" / "blocks.md"
_TABLE = re.compile(r"(<!-- made from[^\n]*-->\n)(.*)(<!-- end -->)", re.DOTALL)


def table() -> str:
    """Each block with its settings, as Markdown."""
    return "".join(_block(SHELF[code]) for code in sorted(SHELF))


def _block(block: type[Block]) -> str:
    heading = block.Settings.model_fields["heading"].default
    about = f"\n### {block.code}\n\n{block.title}." + (f" Heading: “{heading}”." if heading else "")
    rows = list(_rows(block.Settings.model_json_schema()))
    lines = ["| setting | values | default | |", "|---|---|---|---|", *rows] if rows else []
    return about + "\n" + ("\n" + "\n".join(lines) + "\n" if lines else "")


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    for name, one in schema["properties"].items():
        if name not in BlockSettings.model_fields:
            needed = name in schema.get("required", ())
            default = "needed" if needed else "" if one.get("default") in (None, "") else f"`{_json(one['default'])}`"
            yield f"| `{name}` | {_values(one, schema)} | {default} | {one['title']} |"


def _values(one: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in one:
        return "table: " + ", ".join(
            f"`{name}`" for name in schema["$defs"][one["$ref"].rpartition("/")[2]]["properties"]
        )
    if "anyOf" in one:
        return _values(next(other for other in one["anyOf"] if other.get("type") != "null"), schema)
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    kinds = {"integer": "number", "string": "text", "boolean": "`true`, `false`", "array": "list", "object": "table"}
    limits = [one.get("minimum"), one.get("maximum")]
    return kinds[one["type"]] + (f", {limits[0]}–{limits[1]}" if None not in limits else "")


def _json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')


def test_the_table_is_that_of_the_settings() -> None:
    found = _TABLE.search(DOCS.read_text("utf-8"))
    assert found
    assert found[2] == table(), "run: python -m tests.blocks.test_docs"


def test_the_example_of_a_block_works(shop: Shop) -> None:
    text = DOCS.read_text("utf-8")
    for name, source in (
        ("blocks/opening.py", blocks(text, "python")[0]),
        ("templates/blocks/opening.html", blocks(text, "html")[1]),
    ):
        (shop.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shop.folder / name).write_text(source, "utf-8")
    shop.pull()
    shelf = plugin.shelf("blocks", Block, shop.folder)  # type: ignore[type-abstract]
    (shop.folder / "templates" / "letters").mkdir()
    (shop.folder / "templates" / "letters" / "own.html").write_text('{{ block("opening", weekdays="9:00") }}', "utf-8")
    press = Press(SITE, (shop.folder / "templates",), blocks=shelf)
    publication = compose.publish(press, ISSUE, MAILING, at=shop.now)
    ones = [compose.Addressee(1, 1, "anna@shop.ru", compose.NOBODY)]
    with shop.engine.connect() as connection:
        asked = compose.gathered(connection, publication, ones, shelf=shelf, now=shop.now)
    [letter] = compose.compose(publication, asked, key="key")
    assert "Сегодня мы работаем с 9:00" in letter.text  # type: ignore[union-attr]
    assert "utm_content=opening" in letter.text  # type: ignore[union-attr]


if __name__ == "__main__":
    DOCS.write_text(_TABLE.sub(lambda found: found[1] + table() + found[3], DOCS.read_text("utf-8")), "utf-8")
