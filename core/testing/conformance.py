"""What every source and every channel must keep, as tests to inherit: an author gives a fixture or two, and runs them.

::

    class TestShop(SourceConformance):
        @pytest.fixture
        def source(self) -> Source:
            return Shop("shop", Shop.Settings(url="…a system with some rows in it…"))

        @pytest.fixture
        def unreachable(self) -> Source:
            return Shop("shop", Shop.Settings(url="…a port that nobody listens on…"))
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from core.channel import Channel
from core.errors import VestnikError
from core.model import (
    Basket,
    Kind,
    Letter,
    OptOut,
    Order,
    OrderChange,
    Outcome,
    Person,
    Product,
    Record,
    Subscription,
    View,
)
from core.plugin import Plugin, Settings
from core.source import Cursor, Finding, Page, Source
from core.testing import weighing

RECORDS: dict[Kind, type[Record]] = {
    Kind.PEOPLE: Person,
    Kind.PRODUCTS: Product,
    Kind.BASKETS: Basket,
    Kind.ORDERS: Order,
    Kind.ORDER_CHANGES: OrderChange,
    Kind.VIEWS: View,
    Kind.SUBSCRIPTIONS: Subscription,
    Kind.OPT_OUTS: OptOut,
}
RESULTS = frozenset({"sent", "retry", "failed", "unknown"})


def _plugin_is_complete(plugin: Plugin) -> None:
    assert plugin.code
    assert len(plugin.code) <= 64
    assert plugin.title, "the admin shows the title"
    assert issubclass(plugin.Settings, Settings)


def _checked(findings: Iterable[Finding]) -> list[Finding]:
    found = list(findings)
    assert found, "check() says nothing at all"
    for finding in found:
        assert isinstance(finding, Finding)
        assert finding.what
        assert finding.ok or finding.advice, f"“{finding.what}” is wrong, but nothing says what to do"
    return found


def _in_order(findings: Iterable[Finding]) -> None:
    wrong = [f"{finding.what}: {finding.advice}" for finding in _checked(findings) if not finding.ok]
    assert not wrong, "; ".join(wrong)


class SourceConformance:
    """The contract of :class:`core.source.Source`.

    Give `source`, with some rows behind it; `unreachable`, the same connector aimed at a system that does not answer;
    and `newcomer`, which puts one more row behind `source` and says its kind and identifier.
    """

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError("give a fixture `source`")

    @pytest.fixture
    def unreachable(self) -> Source | None:
        return None

    @pytest.fixture
    def newcomer(self, source: Source) -> Callable[[], tuple[Kind, str]] | None:
        return None

    def test_it_says_what_it_is(self, source: Source) -> None:
        _plugin_is_complete(source)
        assert source.name
        assert source.capabilities, "a source that can pour nothing"
        assert source.capabilities <= frozenset(Kind)

    def test_its_check_finds_it_in_order(self, source: Source) -> None:
        _in_order(source.check())

    def test_out_of_reach_check_says_so_and_does_not_raise(self, unreachable: Source | None) -> None:
        if unreachable is not None:
            assert not all(finding.ok for finding in _checked(unreachable.check()))

    def test_out_of_reach_a_pull_raises_an_error_of_ours(self, unreachable: Source | None) -> None:
        if unreachable is not None:
            for kind in sorted(unreachable.capabilities):
                with pytest.raises(VestnikError):
                    list(unreachable.pull(kind, None))

    def test_it_pours_records_of_the_kind_that_was_asked_for(self, source: Source) -> None:
        for kind, page in _pages(source):
            assert isinstance(page, Page)
            for record in page.records:
                assert isinstance(record, RECORDS[kind]), f"{kind}: {record}"

    def test_every_row_has_an_identifier_that_we_can_keep(self, source: Source) -> None:
        for kind, page in _pages(source):
            for row in (*page.records, *page.bad):
                assert isinstance(row.external_id, str), f"{kind}: {row}"
                assert 0 < len(row.external_id) <= 64, f"{kind}: {row}"

    def test_a_bad_row_says_why(self, source: Source) -> None:
        assert all(bad.reason for _, page in _pages(source) for bad in page.bad)

    def test_every_moment_is_aware(self, source: Source) -> None:
        for kind, page in _pages(source):
            for record in page.records:
                assert list(_naive(record)) == [], f"{kind}: {record}"

    def test_something_is_poured_of_what_it_can(self, source: Source) -> None:
        assert any(page.records for _, page in _pages(source)), "give the fixture `source` some rows"

    def test_a_cursor_is_json(self, source: Source) -> None:
        for _, page in _pages(source):
            assert json.loads(json.dumps(dict(page.cursor), allow_nan=False)) == dict(page.cursor)

    def test_a_full_read_twice_gives_the_same_rows(self, source: Source) -> None:
        for kind in sorted(source.capabilities):
            assert _rows(source, kind, None) == _rows(source, kind, None)

    def test_resumed_from_any_page_nothing_is_missed(self, source: Source) -> None:
        for kind in sorted(source.capabilities):
            whole, seen = _rows(source, kind, None), set[str]()
            for page in source.pull(kind, None):
                seen |= {row.external_id for row in (*page.records, *page.bad)}
                assert seen | _rows(source, kind, _kept(page.cursor)) >= whole, f"{kind}: after {page.cursor}"

    def test_read_again_from_the_last_cursor_it_comes_to_an_end(self, source: Source) -> None:
        for kind in sorted(source.capabilities):
            whole, cursor = _rows(source, kind, None), _last(source, kind, None)
            again = _rows(source, kind, cursor)
            assert again <= whole, f"{kind}: rows that the full read did not have"
            assert _rows(source, kind, _last(source, kind, cursor)) <= whole

    def test_a_row_that_comes_later_is_met_from_the_last_cursor(
        self, source: Source, newcomer: Callable[[], tuple[Kind, str]] | None
    ) -> None:
        if newcomer is not None:
            cursors = {kind: _last(source, kind, None) for kind in source.capabilities}
            kind, external_id = newcomer()
            assert external_id in _rows(source, kind, cursors[kind]), f"{kind}: {external_id} after {cursors[kind]}"

    def test_rows_that_come_while_it_is_read_cost_none_of_the_others(
        self, source: Source, newcomer: Callable[[], tuple[Kind, str]] | None
    ) -> None:
        if newcomer is None:
            return
        kinds = sorted(source.capabilities)
        whole = {kind: _rows(source, kind, None) for kind in kinds}
        walks = {kind: source.pull(kind, None) for kind in kinds}
        begun = {kind: next(walk, None) for kind, walk in walks.items()}
        newcomer()
        for kind, walk in walks.items():
            read = [page for page in (begun[kind], *walk) if page is not None]
            assert {row.external_id for page in read for row in (*page.records, *page.bad)} >= whole[kind], kind

    def test_it_holds_no_more_than_a_few_pages_at_a_time(self, source: Source) -> None:
        """Each page is let go before the next is asked for: a million people are read in the memory of a page."""
        long = [kind for kind in sorted(source.capabilities) if weighing.has_pages(source, kind)]
        if not long:
            pytest.skip(f"no kind fills {weighing.FEW_PAGES} pages: its memory cannot be judged")
        for kind in long:
            weight = weighing.weight(source, kind)
            assert weight.peak <= weight.allowed, f"{kind}: {weight.peak:,} bytes at a time, a page has {weight.page:,}"

    def test_no_secret_is_shown(self, source: Source, unreachable: Source | None) -> None:
        for one in (source, unreachable):
            if one is not None:
                shown = repr(one.settings) + "".join(finding.what + str(finding.advice) for finding in one.check())
                for kind in one.capabilities:
                    shown += _complaint(one, kind)
                for secret in _secrets(one.settings):
                    assert secret not in shown


def _complaint(source: Source, kind: Kind) -> str:
    """What a read says when it fails, with all that a traceback would show of the error."""
    try:
        deque(source.pull(kind, None), maxlen=0)
    except VestnikError as error:
        return f"{error} {error!r} {error.__cause__!r}"
    return ""


def _secrets(settings: Any) -> Iterator[str]:
    """Every secret of the settings, and the password of one that is a URL."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            yield value.get_secret_value()
            if password := urlsplit(value.get_secret_value()).password:
                yield password


def _pages(source: Source) -> Iterator[tuple[Kind, Page]]:
    for kind in sorted(source.capabilities):
        for page in source.pull(kind, None):
            yield kind, page


def _kept(cursor: Cursor) -> Cursor:
    """The cursor as it comes back from our database."""
    kept: dict[str, Any] = json.loads(json.dumps(dict(cursor)))
    return kept


def _rows(source: Source, kind: Kind, cursor: Cursor | None) -> set[str]:
    return {row.external_id for page in source.pull(kind, cursor) for row in (*page.records, *page.bad)}


def _last(source: Source, kind: Kind, cursor: Cursor | None) -> Cursor | None:
    for page in source.pull(kind, cursor):
        cursor = page.cursor
    return None if cursor is None else _kept(cursor)


def _naive(record: Record) -> Iterator[str]:
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        if isinstance(value, datetime) and value.tzinfo is None:
            yield name


class ChannelConformance:
    """The contract of :class:`core.channel.Channel`.

    Give `channel`, which takes letters to ``@example.com``; and `unreachable`, the same channel aimed at a system that
    does not answer.
    """

    @pytest.fixture
    def channel(self) -> Channel:
        raise NotImplementedError("give a fixture `channel`")

    @pytest.fixture
    def unreachable(self) -> Channel | None:
        return None

    @pytest.fixture
    def letters(self) -> list[Letter]:
        return [a_letter(f"user{number}@example.com") for number in range(5)]

    def test_it_says_what_it_is(self, channel: Channel) -> None:
        _plugin_is_complete(channel)

    def test_its_check_finds_it_in_order(self, channel: Channel) -> None:
        _in_order(channel.check())

    def test_out_of_reach_check_says_so_and_does_not_raise(self, unreachable: Channel | None) -> None:
        if unreachable is not None:
            assert not all(finding.ok for finding in _checked(unreachable.check()))

    def test_every_letter_gets_one_outcome(self, channel: Channel, letters: list[Letter]) -> None:
        assert [one.result for one in _sent(channel, letters)] == ["sent"] * len(letters)

    def test_no_letters_no_outcomes(self, channel: Channel) -> None:
        assert _sent(channel, []) == []

    def test_outcomes_come_as_they_are_asked_for(self, channel: Channel, letters: list[Letter]) -> None:
        with channel.open() as session:
            outcomes = iter(session.send(letters))
            assert [next(outcomes).result for _ in letters] == ["sent"] * len(letters)
            assert next(outcomes, None) is None

    def test_a_session_sends_again_and_again(self, channel: Channel, letters: list[Letter]) -> None:
        with channel.open() as session:
            assert [len(list(session.send([letter]))) for letter in letters] == [1] * len(letters)

    def test_a_session_nobody_used_closes_quietly(self, channel: Channel) -> None:
        with channel.open():
            pass

    @pytest.mark.parametrize(
        "broken",
        [
            {"to": "not an address"},
            {"to": ""},
            {"to": "a@example.com\r\nRCPT TO:<b@example.com>"},
            {"sender": "nobody"},
            {"headers": {"X-Two\r\nLines": "x"}},
            {"text": "half a character \ud83d"},
        ],
        ids=str,
    )
    def test_a_broken_letter_costs_only_itself(
        self, channel: Channel, letters: list[Letter], broken: dict[str, Any]
    ) -> None:
        bad = a_letter(**{"to": "user@example.com", **broken})
        first, outcome, last = _sent(channel, [letters[0], bad, letters[1]])
        assert (first.result, last.result) == ("sent", "sent")
        assert outcome.result in {"sent", "failed"}  # a channel that has no use for that part may well send it

    def test_out_of_reach_every_letter_may_be_tried_later(
        self, unreachable: Channel | None, letters: list[Letter]
    ) -> None:
        if unreachable is not None:
            outcomes = _sent(unreachable, letters)
            assert [(one.result, one.reached) for one in outcomes] == [("retry", False)] * len(letters)
            assert outcomes[0].reply, "nothing says why"


def a_letter(to: str, **parts: Any) -> Letter:
    """A small letter in Russian."""
    whole: dict[str, Any] = {
        "sender": "Магазин <news@example.com>",
        "to_name": "Пётр Иванов",
        "subject": "С днём рождения!",
        "html": "<p>Поздравляем.</p>",
        "text": "Поздравляем.",
        "message_id": f"<1.{abs(hash(to))}@example.com>",
    }
    return Letter(**{**whole, "to": to, **parts})


def _sent(channel: Channel, letters: Sequence[Letter]) -> list[Outcome]:
    with channel.open() as session:
        outcomes = list(session.send(letters))
    assert len(outcomes) == len(letters)
    for outcome in outcomes:
        assert outcome.result in RESULTS
        assert outcome.reached or outcome.result == "retry", "a letter that did not reach the relay may be tried again"
    return outcomes
