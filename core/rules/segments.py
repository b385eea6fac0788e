"""Words about groups themselves: membership of another group, and a random share of everybody."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import ClassVar

import sqlalchemy as sa
from pydantic import Field

from core.errors import N_, Misconfigured
from core.plugin import suggestion
from core.rules import WHO, Form, Group, Leaf, Said, World, tree, word
from core.rules.forms import Number, Quantity, Texts


class InGroups(Form):
    """The code of one group, or a list of them."""

    short: ClassVar[str] = "groups"
    groups: Texts = Field(title=N_("Groups"))


@word("in_group", title=N_("Is in a group"), example="buyers")
def in_group(world: World, form: InGroups) -> Leaf:
    """The contact is in one of these groups; a group cannot, in the end, name itself."""
    inside = [tree.contacts_where(tree.taken(_named(world, code), world), world) for code in form.groups]
    condition = sa.or_(sa.false(), *(WHO.in_(contacts) for contacts in inside))
    return Leaf(condition, Said(N_("one of: {names}"), names=", ".join(form.groups)))


def _named(world: World, code: str) -> Group:
    if code in world.groups:
        return world.groups[code]
    hint = suggestion(code, world.groups) if world.groups else ""
    raise Misconfigured(N_("There is no group {code!r}. {hint}"), code=code, hint=hint)


class Sample(Form):
    """Per cent of everybody, and a seed: another seed draws another sample."""

    short: ClassVar[str] = "percent"
    percent: Number = Field(gt=0, le=100, title=N_("Per cent"))
    seed: str = Field(default="", max_length=64, title=N_("Seed"))
    skip_percent: Number = Field(default=Decimal(0), ge=0, lt=100, title=N_("Leaving out the first N per cent"))


@word("sample", title=N_("Random sample"), example={"percent": 10, "seed": "spring"})
def sample(world: World, form: Sample) -> Leaf:
    """A random share that stays the same: a contact is in it always or never.

    ``skip_percent`` gives the next share: 10 of 100 and 10 with 10 left out have nobody in common.
    """
    lot, first = drawn(form.seed), form.skip_percent * 100
    condition = sa.and_(lot >= int(first), lot < int(first + form.percent * 100))
    share = Quantity(form.percent, "percent")
    return Leaf(condition, Said(N_("a share of {share}"), share=share), sa.cast(lot, sa.Integer) / 100.0, "number")


PRIME = 4_294_967_291  # the greatest prime below 2**32: with it, factor * id stays in 64 bits for ids below 2**31


def drawn(seed: str) -> sa.ColumnElement[int]:
    """The lot of a contact for this seed, 0 to 9999: (a · id + b) mod p, a and b made of the seed."""
    mixed = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    factor, shift = int.from_bytes(mixed[:4], "big") % (PRIME - 1) + 1, int.from_bytes(mixed[4:], "big") % PRIME
    return (WHO * factor + shift) % PRIME % 10_000
