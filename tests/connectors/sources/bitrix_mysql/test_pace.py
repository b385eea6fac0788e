"""A shop's customers go before us: bites shrink while answers are slow, and a busy server is waited for."""

from __future__ import annotations

from itertools import chain, repeat

from connectors.sources.bitrix_mysql.pace import BUDGET_SECONDS, LARGEST, LOOK_SECONDS, PATIENCE_SECONDS, SMALLEST, Pace
from connectors.sources.bitrix_mysql.shop import opened
from tests.connectors.sources.bitrix_mysql.conftest import Bitrix


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def test_bites_are_fitted_to_the_budget() -> None:
    pace = Pace(lambda: 1, 20)
    assert pace.bite == LARGEST
    for _ in range(20):
        pace.took(BUDGET_SECONDS * 3)
    assert pace.bite == SMALLEST
    pace.took(BUDGET_SECONDS / 2)
    assert pace.bite == SMALLEST, "neither slow nor fast: as it is"
    for _ in range(20):
        pace.took(BUDGET_SECONDS / 10)
    assert pace.bite == LARGEST


def test_a_busy_server_is_waited_for_until_it_is_not() -> None:
    time, answers = Time(), chain([50, 40, 30], repeat(3))
    pace = Pace(lambda: next(answers), 20, clock=time, sleep=time.sleep)
    pace.wait()
    assert time.slept == 3
    pace.wait()
    time.now += LOOK_SECONDS
    pace.wait()
    assert time.slept == 3


def test_a_server_that_is_always_busy_is_read_all_the_same() -> None:
    time = Time()
    pace = Pace(lambda: 500, 20, clock=time, sleep=time.sleep)
    pace.wait()
    assert time.slept == PATIENCE_SECONDS


def test_the_server_is_asked_how_busy_it_is(bitrix: Bitrix) -> None:
    with opened("shop", bitrix.source.settings) as shop:
        running = shop._threads_running()
    assert running is None if bitrix.kind == "sqlite" else running >= 1
