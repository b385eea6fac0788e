"""The memory source and the memory channel keep the contracts that plug-ins are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest

from core.channel import Channel, Session
from core.model import Kind, Letter, Outcome, Person, Product, View
from core.source import Cursor, Page, Source
from core.testing import MemoryChannel, MemorySource
from core.testing.conformance import ChannelConformance, SourceConformance, a_letter


class TestMemorySource(SourceConformance):
    @pytest.fixture
    def source(self) -> MemorySource:
        source = MemorySource(page=2)
        source.rows[Kind.PEOPLE] = [
            Person(str(number), f"user{number}@shop.ru", birthday=date(1990, 1, 1)) for number in range(5)
        ]
        source.rows[Kind.PRODUCTS] = [Product("10", name="Чай"), Product("11", name="Кофе")]
        source.rows[Kind.VIEWS] = [View("1", "1", "10", "s1", datetime(2026, 1, 1, tzinfo=UTC))]
        return source

    @pytest.fixture
    def newcomer(self, source: Source) -> Callable[[], tuple[Kind, str]]:
        def come() -> tuple[Kind, str]:
            assert isinstance(source, MemorySource)
            source.rows[Kind.PEOPLE].append(Person("new", "new@shop.ru"))
            return Kind.PEOPLE, "new"

        return come


class TestMemoryChannel(ChannelConformance):
    @pytest.fixture
    def channel(self) -> Channel:
        return MemoryChannel()


class Forgetful(MemorySource):
    """Resumed, it leaves out a row."""

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        return super().pull(kind, {"done": cursor["done"] + 1} if cursor else None)


class Overlong(MemorySource):
    """Its identifiers are longer than we keep."""

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        yield Page([Person("x" * 65, "a@shop.ru")], {"at": datetime(2026, 1, 1)})


class Lossy(MemoryChannel):
    """Gives no outcome for the last letter."""

    @contextmanager
    def open(self) -> Iterator[Session]:
        with super().open() as session:
            yield _LossySession(session)


class _LossySession(Session):
    def __init__(self, whole: Session) -> None:
        self._whole = whole

    def send(self, letters: Sequence[Letter]) -> Iterator[Outcome]:
        return self._whole.send(letters[:-1])


def test_a_source_that_loses_rows_is_found_out() -> None:
    source = Forgetful(page=2)
    source.rows[Kind.PEOPLE] = [Person(str(number), f"user{number}@shop.ru") for number in range(5)]
    with pytest.raises(AssertionError):
        SourceConformance().test_resumed_from_any_page_nothing_is_missed(source)


def test_identifiers_and_cursors_that_cannot_be_kept_are_found_out() -> None:
    with pytest.raises(AssertionError):
        SourceConformance().test_every_row_has_an_identifier_that_we_can_keep(Overlong())
    with pytest.raises(TypeError, match="JSON"):
        SourceConformance().test_a_cursor_is_json(Overlong())
    with pytest.raises(AssertionError):
        SourceConformance().test_it_pours_records_of_the_kind_that_was_asked_for(Overlong())


class Streaming(MemorySource):
    """Makes each page when it is asked for."""

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        for place in range(30):
            yield Page(_people(place), {"done": place + 1})


class Greedy(Streaming):
    """Has read everything before it gives its first page."""

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        yield from list(super().pull(kind, cursor))


class Clinging(Streaming):
    """Keeps every page that it gave."""

    def pull(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        kept = []
        for page in super().pull(kind, cursor):
            kept.append(page)
            yield page


def _people(place: int) -> list[Person]:
    """A page of 400 kB in few objects: tracemalloc takes its time for each."""
    return [
        Person(str(number), f"user{number}@shop.ru", name=f"{number:020000}") for number in range(place, place + 20)
    ]


def test_a_source_that_reads_everything_at_once_is_found_out() -> None:
    SourceConformance().test_it_holds_no_more_than_a_few_pages_at_a_time(Streaming())
    for greedy in (Greedy(), Clinging()):
        with pytest.raises(AssertionError, match="bytes at a time"):
            SourceConformance().test_it_holds_no_more_than_a_few_pages_at_a_time(greedy)


def test_a_channel_that_leaves_an_outcome_out_is_found_out() -> None:
    letters = [a_letter(f"user{number}@shop.ru") for number in range(3)]
    with pytest.raises(AssertionError):
        ChannelConformance().test_every_letter_gets_one_outcome(Lossy(), letters)
