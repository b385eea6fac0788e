"""Whatever ticks, stops, crashes, twins and clocks that jump do between them: each letter that was due goes once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import journeys, tables
from core.db import connect
from core.errors import Misconfigured
from core.frequency import Caps, Frequency, PassiveCaps
from core.journeys import Walker, ledger, looking
from tests.scenarios.shop import NOON, Shop

_FREE = Frequency(
    min_interval=timedelta(0),
    active=Caps(day=0, week=0, month=0),
    passive=PassiveCaps(day=0, week=0, month=0),
    sale_of=0,
)
SCENARIO = """
name = "Цепочка"
hours = "any"
again = "once"
anchor = { code = "registered" }
goal = [{ fact = "ordered", ever = true }]
[[steps]]
code = "1h"
after = "1 hour"
late = "6 hours"
letter = "birthday"
subject = "Письмо"
[[steps]]
code = "2d"
after = "2 days"
late = "6 hours"
letter = "birthday"
subject = "Письмо"
"""
LATE = timedelta(hours=6)
OFFSETS = {"1h": timedelta(hours=1), "2d": timedelta(days=2)}


class Crash(Exception):
    """The process dies here."""


@dataclass
class World:
    """A shop whose clock may do anything, and what is true of its people."""

    shop: Shop
    random: random.Random
    patch: pytest.MonkeyPatch
    registered: dict[str, datetime] = field(default_factory=dict)
    learnt: dict[str, datetime] = field(default_factory=dict)
    ordered: set[str] = field(default_factory=set)
    looks: list[datetime] = field(default_factory=list)

    def act(self) -> None:
        doings: list[tuple[Callable[[], None], int]] = [
            (self._tick, 8),
            (self._register, 5),
            (self._learn_late, 2),
            (self._order, 2),
            (self._crash, 4),
            (self._twins, 2),
            (self._jump_back, 1),
            (self._sleep, 1),
        ]
        chosen, weights = zip(*doings, strict=True)
        self.random.choices(chosen, weights)[0]()

    def _tick(self) -> None:
        self.shop.now += timedelta(minutes=self.random.choice((1, 7, 61, 300)))
        self._look()

    def _look(self) -> None:
        self.shop.tick()
        self.looks.append(self.shop.now)

    def _register(self) -> None:
        self._new(self.shop.now)

    def _learn_late(self) -> None:
        """The shop tells only now of somebody who came four hours ago, or a day."""
        self._new(self.shop.now - timedelta(hours=self.random.choice((4, 24))))

    def _new(self, at: datetime) -> None:
        who = f"p{len(self.registered)}"
        self.registered[who], self.learnt[who] = max(at, NOON), self.shop.now
        self.shop._person(who, registered_at=self.registered[who])
        self.shop.pull()

    def _order(self) -> None:
        if free := sorted(self.registered.keys() - self.ordered):
            who = self.random.choice(free)
            self.shop.orders(who, "1")
            self.ordered.add(who)

    def _crash(self) -> None:
        """The walk dies inside its transaction, after it, or before it has said how far it looked."""
        self.shop.now += timedelta(minutes=self.random.choice((1, 50, 200)))
        self.shop.pull()
        where = self.random.choice(((ledger, "_enlist"), (ledger, "write"), (looking, "keep")))
        with self.patch.context() as patch, suppress(Crash):
            patch.setattr(*where, self._dying(getattr(*where)))
            self.shop.walk()
        self._look()

    def _dying(self, real: Callable[..., int]) -> Callable[..., int]:
        done_first, calls = self.random.random() < 0.5, iter(range(self.random.randint(0, 2)))

        def dies(*args: object, **kwargs: object) -> int:
            if next(calls, None) is not None:
                return real(*args, **kwargs)
            if done_first:
                real(*args, **kwargs)
            raise Crash

        return dies

    def _twins(self) -> None:
        """Two clocks walk at the same moment, each with connections of its own."""
        self.shop.now += timedelta(minutes=self.random.choice((1, 90, 240)))
        self.shop.pull()
        engines = [connect(self.shop.engine.url.render_as_string(hide_password=False)) for _ in range(2)]
        walkers = [Walker(engine, self.shop.press, self.shop.manners) for engine in engines]
        scenario = self.shop.scenario("chain")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda walker: journeys.walk(walker, scenario, now=self.shop.now), walkers))
        for engine in engines:
            engine.dispose()
        self._look()

    def _jump_back(self) -> None:
        self.shop.now -= timedelta(minutes=30)
        self._look()

    def _sleep(self) -> None:
        """Nothing runs for a while: sometimes so long that letters are too late."""
        self.shop.now += timedelta(hours=self.random.choice((3, 20)))
        self._look()

    def must_go(self, who: str, step: str) -> bool:
        """Whether somebody looked in time, and there was no order before."""
        due = self.registered[who] + OFFSETS[step]
        return who not in self.ordered and any(
            self.learnt[who] < at and due + timedelta(minutes=1) <= at <= due + LATE for at in self.looks
        )


@pytest.fixture
def world(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], World]:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "chain.toml").write_text(SCENARIO, "utf-8")

    def made(seed: int) -> World:
        shop = Shop(engine, frequency=_FREE, local=tmp_path)
        shop.sells("1")
        shop.runs("chain")
        return World(shop, random.Random(seed), monkeypatch)

    return made


@pytest.mark.parametrize("seed", range(10))
def test_no_interleaving_sends_a_step_twice_or_loses_one_that_was_due(world: Callable[[int], World], seed: int) -> None:
    one = world(seed)
    if seed > 1 and one.shop.engine.dialect.name != "sqlite":
        pytest.skip("two seeds show what its transactions do; the interleavings themselves are SQLite's to try")
    for _ in range(30):
        one.act()
    for _ in range(10):
        one.shop.now += timedelta(hours=6)
        one._look()
    letters = Counter((who, got.code) for who, inbox in one.shop.inbox.items() for got in inbox)
    assert set(letters.values()) <= {1}
    for who in one.registered:
        for step in OFFSETS:
            _each_was_decided_rightly(one, letters, who, step)


def _each_was_decided_rightly(one: World, letters: Counter[tuple[str, str]], who: str, step: str) -> None:
    said = one.shop.why_not(who, f"chain/{step}")
    assert letters[who, f"chain/{step}"] == (said == "queued: "), (who, step, said)
    if one.must_go(who, step):
        stands_for_it = "chain/2d" if step == "1h" and "letter 2d" in said else f"chain/{step}"
        assert letters[who, stands_for_it], (who, step, said)


def test_two_clocks_at_once_write_each_row_once(engine: sa.Engine, world: Callable[[int], World]) -> None:
    one = world(0)
    for _ in range(30):
        one._register()
    one.shop.now += timedelta(hours=2)
    one._twins()
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.ledger)) == 30
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.recipients)) == 30
    assert sum(map(len, one.shop.inbox.values())) == 30


def test_a_step_that_is_added_later_begins_with_what_becomes_due_from_then_on(
    engine: sa.Engine, world: Callable[[int], World]
) -> None:
    shop = world(0).shop
    shop.registers("anna")
    shop.passes(hours=1)
    shop.passes(days=9)
    later = '[[steps]]\ncode = "1d"\nafter = "1 day"\nlate = "6 hours"\nletter = "birthday"\nsubject = "Письмо"\n'
    shop.edit("chain", ('[[steps]]\ncode = "2d"', f'{later}[[steps]]\ncode = "2d"'))
    shop.registers("boris")
    shop.passes(minutes=1)
    shop.passes(hours=2)
    assert shop.codes_to("anna") == ["chain/1h"]
    assert shop.why_not("anna", "chain/1d") == "nothing"
    shop.passes(days=1)
    assert "chain/1d" in shop.codes_to("boris")


def test_a_letter_that_cannot_be_printed_costs_the_other_letters_of_the_chain_nothing(
    engine: sa.Engine, world: Callable[[int], World], tmp_path: Path
) -> None:
    shop = world(0).shop
    shop.registers("anna")
    shop.edit("chain", ('letter = "birthday"\nsubject = "Письмо"\n[[steps]]', 'letter = "gone"\n[[steps]]'))
    shop.pull()
    shop.now += timedelta(hours=46)
    shop.registers("boris")
    shop.pull()
    shop.now += timedelta(hours=2, minutes=1)
    with pytest.raises(Misconfigured, match="gone"):
        shop.walk()
    shop.deliver()
    assert shop.codes_to("anna") == ["chain/2d"]
    assert shop.why_not("boris", "chain/1h") == "nothing"
