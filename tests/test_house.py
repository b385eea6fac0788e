"""The house keeps its floors: imports go down, never up; rooms of one floor have no cycles; core imports no shelf."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "model", "config", "bulk", "db", "tables", "address", "schedule", "frequency", "links", "mime"),
    ("plugin", "source", "channel", "rules", "block", "coupon", "goods", "scenario", "anchoring"),
    (
        *("leases", "signing", "brand", "consent", "mailings", "migrations", "buyers", "rhythms"),
        *("intake", "groups", "compose", "postings", "coupons", "deliver", "events", "definitions", "journeys"),
    ),
    (
        "i18n",
        "words",
        "app",
        "switching",
        "showing",
        "wording",
        "runs",
        "actors",
        "clock",
        "mailbox",
        "web",
        "sample",
        "demo",
        "cli",
        "certify",
    ),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms} | {"testing": 1}
SHELVES = ("connectors", "blocks", "scenarios")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _rooms(file: Path) -> set[str]:
    """Rooms of core that `file` imports."""
    found = {parts[1] for name in _imports(file) if len(parts := name.split(".")) > 1 and parts[0] == "core"}
    return found & FLOOR.keys()


def _files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def _room(file: Path) -> str:
    first = file.relative_to(ROOT / "core").parts[0]
    return first.removesuffix(".py")


def test_every_room_has_a_floor() -> None:
    rooms = {_room(file) for file in _files("core")} - {"__init__"}
    assert rooms == FLOOR.keys(), "put the new room on a floor in FLOORS and in docs/architecture.md"


@pytest.mark.parametrize("file", _files("core"), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down(file: Path) -> None:
    room = _room(file)
    above = {other for other in _rooms(file) if FLOOR[other] > FLOOR.get(room, 3)}
    assert not above, f"{room} (floor {FLOOR[room]}) imports {above} from above"


def test_core_imports_no_shelf() -> None:
    for file in _files("core"):
        shelves = {name.split(".")[0] for name in _imports(file)} & set(SHELVES)
        assert not shelves, f"{file} imports {shelves}: load it through core.plugin"


def test_shelves_stand_on_floors_0_and_1() -> None:
    for file in _files(*SHELVES):
        above = {room for room in _rooms(file) if FLOOR[room] > 1}
        assert not above, f"{file} imports {above}"


def test_rooms_have_no_cycles() -> None:
    needs: dict[str, set[str]] = {}
    for file in _files("core"):
        needs.setdefault(_room(file), set()).update(_rooms(file) - {_room(file)})
    done: set[str] = set()
    while rest := needs.keys() - done:
        free = {room for room in rest if needs[room] <= done}
        assert free, f"a cycle among {sorted(rest)}"
        done |= free
