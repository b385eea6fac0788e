"""What the documents show works as they show it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from core import groups as _  # noqa: F401 - declares the words
from core.rules import WORDS, Word
from tests.installation import Installation
from tests.test_house import ROOT

ADDING = (ROOT / "docs" / "adding-a-source.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def pytest(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_source_of_the_guide_keeps_the_contract(tmp_path: Path) -> None:
    source, test = blocks(ADDING, "python")
    (tmp_path / "csv_people.py").write_text(source, "utf-8")
    (tmp_path / "test_csv_people.py").write_text(test, "utf-8")
    assert " passed" in pytest(tmp_path)


def test_the_source_of_the_guide_is_found_set_up_pulled_and_certified(tmp_path: Path) -> None:
    made = Installation(tmp_path)
    made.file("local/sources/csv_people.py", blocks(ADDING, "python")[0])
    [settings] = blocks(ADDING, "toml")
    file = made.file("subscribers.csv", "id,email,name\n1,anna@shop.ru,Анна\n,x@shop.ru,?\n")
    made.configure(**tomllib.loads(settings.replace("/srv/news/subscribers.csv", str(file))))
    made.run("doctor")
    [report] = made.json("pull", "news")
    assert (report["read"], report["changed"], report["refused"]) == (2, 1, 1)
    assert " passed" in pytest(tmp_path, "--source", "news", "--vestnik-config", "vestnik.toml")


def test_the_definitions_of_the_readme_are_understood(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    definitions = next(block for block in blocks(readme, "toml") if "[groups.birthday]" in block)
    made = Installation(tmp_path)
    made.configure(site={"language": "en"})
    assert "3 applied" in made.run("apply", made.file("birthday.toml", re.sub(r"^ {3}", "", definitions, flags=re.M)))


def _words() -> str:
    """The table of all rule words, as docs/groups.md shows it."""
    words = sorted(WORDS.values(), key=lambda word: word.code)
    rows = [f"| `{word.code}` | {word.title} | `{_example(word)}` | {_fields(word)} |" for word in words]
    return "\n".join(["| word | what it asks | example | fields |", "|---|---|---|---|", *rows]) + "\n"


def _example(word: Word) -> str:
    return json.dumps({word.code: word.example}, ensure_ascii=False)[1:-1]


def _fields(word: Word) -> str:
    names = [field.alias or name for name, field in word.form.model_fields.items()]
    return ", ".join(f"`{name}`" for name in names)


def test_the_page_on_groups_lists_every_word() -> None:
    page = ROOT / "docs" / "groups.md"
    text, mark, table = page.read_text("utf-8").partition("writes this table -->\n")
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(text + mark + "\n" + _words(), "utf-8")
        return
    assert table.strip() == _words().strip(), "UPDATE_DOCS=1 pytest tests/test_docs.py writes the table anew"


def test_the_groups_of_the_page_are_understood(tmp_path: Path) -> None:
    [definitions] = blocks((ROOT / "docs" / "groups.md").read_text("utf-8"), "toml")
    made = Installation(tmp_path)
    made.configure(site={"language": "en"})
    assert "4 applied" in made.run("apply", made.file("groups.toml", definitions))
