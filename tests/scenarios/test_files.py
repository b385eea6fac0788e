"""The files of the shelf, and docs/scenarios.md. Its table is written by python -m tests.scenarios.test_files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from core import mailings, wording
from core.compose import Publication
from core.journeys import Scenario, Step, printing
from core.journeys.scenarios import read
from core.links import Utm
from core.showing import Promise
from tests.scenarios.shop import ANCHORS, MAILINGS, NOON, PRESS, SHELF
from tests.test_house import ROOT

DOCS = ROOT / "docs" / "scenarios.md"
SCENARIOS = {code: read(code, text, ANCHORS) for code, text in SHELF.texts.items()}
STEPS = {one.issue(step): (one, step) for one in SCENARIOS.values() for step in one.steps}
LETTERS = {
    file.relative_to(ROOT / "templates" / "letters").with_suffix("").as_posix()
    for file in (ROOT / "templates" / "letters").rglob("*.html")
}
OWN = replace(PRESS, defaults={"coupon": {"percent": 10, "days": 14}})
"""A shop that has decided on the coupon of its thanks."""
_TABLE = re.compile(r"(<!-- made from[^\n]*-->\n)(.*)(<!-- end -->)", re.DOTALL)


MAILING = mailings.Mailing("scenarios", "Письма", PRESS.site.sender, "", (), (), Utm(), "standard")


@cache
def published(name: str) -> Publication:
    scenario, step = STEPS[name]
    return printing.published(OWN, scenario, step, MAILING, at=NOON)


def coupon(publication: Publication) -> Any:
    return next((one.settings for one in publication.blocks if one.code == "coupon"), None)


def test_every_letter_belongs_to_a_step_and_every_step_has_one() -> None:
    used = [step.form.letter or name for name, (_, step) in STEPS.items()]
    assert set(used) == LETTERS
    assert len(used) == len(LETTERS), "each once"


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_is_published_and_promises_what_its_file_says(name: str) -> None:
    scenario, step = STEPS[name]
    publication = published(name)
    given = {code: settings for code, settings in step.form.blocks.items() if code != "coupon"}
    placed = {one.code: one.settings for one in publication.blocks}
    for code, settings in given.items():
        assert {key: placed[code][key] for key in settings} == settings, code
    promised = coupon(publication)
    assert bool(promised) == (scenario.form.sale if step.form.sale is None else step.form.sale)
    if promised and name != "order_thanks/thanks":
        said = step.form.blocks["coupon"]
        assert (promised["percent"], promised["days"]) == (said["percent"], said["days"])


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_letter_says_of_its_own_accord_what_its_scenario_says(name: str) -> None:
    """A letter that is used without its scenario, in an issue say, promises the same."""
    scenario, step = STEPS[name]
    bare = replace(step, form=step.form.model_copy(update={"blocks": {}}))
    alone = printing.published(OWN, scenario, bare, MAILING, at=NOON)
    with_file = published(name)
    assert [one.code for one in alone.blocks] == [one.code for one in with_file.blocks]
    if name != "order_thanks/thanks":
        assert coupon(alone) == coupon(with_file)


@pytest.mark.parametrize("code", sorted(SCENARIOS))
def test_a_scenario_is_told_in_words_and_in_order(code: str) -> None:
    form = SCENARIOS[code].form
    assert re.search("[а-яё]", form.name)
    assert form.description.endswith(".")
    assert all(len(line) <= 120 for line in SHELF.texts[code].splitlines())
    offsets = [step.offset for step in SCENARIOS[code].steps]
    assert offsets == sorted(offsets, key=lambda one: (one.months * 30 + one.days) * 1440 + one.minutes)
    service = form.kind == "service"
    assert (form.mailing, service) == (("service", True) if service else ("scenarios", False))
    assert all(timedelta(hours=1) <= step.form.late <= timedelta(days=30) for step in SCENARIOS[code].steps)


def test_orders_come_before_baskets_before_goods_before_looks_before_newcomers() -> None:
    order = [
        *("order_new", "abandoned_basket", "back_in_stock", "price_drop", "replenish", "expensive_view"),
        *("abandoned_view", "abandoned_category", "welcome", "last_login", "season"),
    ]
    priorities = [SCENARIOS[code].form.priority for code in order]
    assert priorities == sorted(priorities, reverse=True)
    assert len(set(priorities)) == len(priorities)


def test_they_need_no_other_mailings_than_these() -> None:
    assert {one.form.mailing for one in SCENARIOS.values()} == set(MAILINGS["mailings"])


def table() -> str:
    """Every scenario with its letters, the most important first."""
    order = sorted(SCENARIOS.values(), key=lambda one: (-one.form.priority, one.code))
    head = "| code | name | begins with | letters | ends with |\n|---|---|---|---|---|\n"
    return head + "".join(map(_row, order))


def _row(one: Scenario) -> str:
    letters = "<br>".join(_letter(step) for step in one.steps)
    ends = ", ".join(dict.fromkeys(wording.end(end, "en") for end in (*one.form.goal, *one.form.stop))) or "–"
    return f"| `{one.code}` | {one.form.name} | {_begins(one)} | {letters} | {ends} |\n"


def _begins(one: Scenario) -> str:
    given = ", ".join(f"{name} = {_toml(value)}" for name, value in one.form.anchor.settings.items() if value != {})
    return f"{one.anchor.title}: {given}" if given else one.anchor.title


def _toml(value: Any) -> str:
    return str(value).replace("'", '"').replace("True", "true").replace("False", "false")


def _letter(step: Step) -> str:
    words = f"`{step.code}` {wording.when(step.offset, 'en')}"
    given = step.form.blocks.get("coupon")
    if given:
        words += f", coupon {wording.promise(Promise(given['percent'], '', given['days']), 'en')}"
    elif step.form.sale:
        words += ", coupon of your own"
    return "; ".join([words, *wording.conditions(step, "en")])


def test_the_table_is_that_of_the_files() -> None:
    found = _TABLE.search(DOCS.read_text("utf-8"))
    assert found
    assert found[2] == table(), "write it anew: python -m tests.scenarios.test_files"


def _examples() -> Iterator[str]:
    yield from re.findall(r"```toml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


def test_the_whole_example_of_the_page_is_a_scenario() -> None:
    [whole] = [text for text in _examples() if "[[steps]]" in text and "name =" in text]
    made = read("example", whole, ANCHORS)
    assert [step.code for step in made.steps] == ["letter", "push"]


if __name__ == "__main__":
    DOCS.write_text(_TABLE.sub(lambda found: found[1] + table() + found[3], DOCS.read_text("utf-8")), "utf-8")
