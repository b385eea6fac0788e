"""What the documents show works as they show it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
