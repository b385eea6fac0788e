"""The contract of a rule word: what it asks of a contact, in SQL, and how the answer is told.

A word is one function from its form (the value written behind it) to a :class:`Leaf`: the condition over the table
`people`, and what an explanation shows. Words join into trees, see ``core/rules/tree.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, ClassVar, get_type_hints
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from core import tables
from core.config import faults
from core.errors import N_, Misconfigured, VestnikError
from core.model import Kind

Condition = sa.ColumnElement[bool]
Tree = Mapping[str, Any]
Said = VestnikError
"""A piece of a sentence: an English template with its values, told in the reader's language."""

WHO = tables.people.c.contact_id
"""The contact that is asked. A word about orders, views or letters compares their contact with it."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of recipients: whom its rule takes in, and whom it leaves out; a static one is a frozen list."""

    code: str
    name: str
    include: Tree
    exclude: Tree | None = None
    static: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """The cut-offs of one source's RFM: upper bounds of recency in days, lower bounds of the other two.

    Four numbers each, from the best score's to the worst's: ``recency = (30, 60, 120, 240)`` gives 5 within 30 days.
    """

    source: str
    recency: tuple[int, ...]
    frequency: tuple[int, ...]
    monetary: tuple[int, ...]  # whole units of the currency


@dataclass(frozen=True, slots=True)
class World:
    """The moment at which a group is asked, and what must be known to ask it."""

    now: datetime
    timezone: str  # whose calendar says what "today" is
    currency: str = "RUB"  # in which sums are counted; orders in another one are left out of sums
    groups: Mapping[str, Group] = field(default_factory=dict)  # those that a rule may name
    scales: tuple[Scale, ...] = ()
    only: int | None = None  # one contact is asked, not all: each word looks at that contact's rows alone
    inside: tuple[str, ...] = ()  # the groups whose rules are being compiled, outermost first

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date()

    def within(self, code: str) -> World:
        """This world while the rule of group `code` is compiled."""
        return replace(self, inside=(*self.inside, code))


class Form(BaseModel):
    """What may be written behind a word: its fields are the admin's form, its validation and its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    short: ClassVar[str] = ""
    """The field that a value written without a table fills: ``in_source = "shop"``."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word asked: the condition, the value that it looks at, and both in words.

    ``what: value, must be wanted`` is how an explanation reads: "Orders in the last 90 days: 1, must be at least 2".
    """

    condition: Condition
    wanted: Said
    value: sa.ColumnElement[Any] | None = None  # of one contact; correlated with `people`
    unit: str = "text"  # of the value: text, number, money, percent, days, date, moment
    what: Said | None = None  # None: the word's title


@dataclass(frozen=True, slots=True)
class Word:
    """A rule word: its name, its title in the admin, its form, one example, and what it asks of the mirror."""

    code: str
    title: str
    example: Any
    form: type[Form]
    ask: Callable[[World, Any], Leaf]
    kinds: frozenset[Kind]
    dated: bool  # whether the mirror still knows what was true at a moment gone by

    def read(self, value: Any) -> Any:
        """`value` as the word's form. Raises Misconfigured saying what is wrong, with the example."""
        if not isinstance(value, Mapping):
            if not self.form.short:
                raise bad(self.code, value)
            value = {self.form.short: value}
        try:
            return self.form.model_validate(value)
        except ValidationError as error:
            raise bad(self.code, value, faults(error, self.form)) from None

    def leaf(self, value: Any, world: World) -> Leaf:
        """`value` asked in `world`. Raises Misconfigured."""
        return self.ask(world, self.read(value))


WORDS: dict[str, Word] = {}


def word(
    code: str, *, title: str, example: Any, kinds: Iterable[Kind] = (), dated: bool = True
) -> Callable[[Callable[[World, Any], Leaf]], Callable[[World, Any], Leaf]]:
    """Declare a rule word: ``@word("birthday", title=N_("Birthday"), example="today")``.

    The second parameter's annotation is the word's form. `kinds`: what it asks beside people; before a sending these
    must be fresh. `dated`: False where only the present is known, as of a city.
    """

    def declare(ask: Callable[[World, Any], Leaf]) -> Callable[[World, Any], Leaf]:
        form = next(hint for name, hint in get_type_hints(ask).items() if name not in {"world", "return"})
        WORDS[code] = Word(code, title, example, form, ask, frozenset({Kind.PEOPLE, *kinds}), dated)
        return ask

    return declare


def bad(code: str, value: Any, why: VestnikError | None = None) -> Misconfigured:
    """The error of a word that does not understand its value: why, and its example."""
    example = {code: WORDS[code].example}
    if why is None:
        template = N_("Rule word {word!r} does not understand {value!r}. Example: {example}")
        return Misconfigured(template, word=code, value=value, example=example)
    template = N_("Rule word {word!r} does not understand {value!r}: {why} Example: {example}")
    return Misconfigured(template, word=code, value=value, why=why, example=example)
