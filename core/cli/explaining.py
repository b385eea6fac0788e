"""How explanations, previews and differences of groups are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pyroaring import BitMap64

from core.cli.root import say
from core.errors import N_
from core.groups import preview as looks
from core.groups.explain import Explanation, Told, explain, flips
from core.groups.snapshots import Difference
from core.i18n import quantity, said
from core.rules import Group, Word, World
from core.rules.forms import Quantity
from core.rules.tree import known
from core.tables import contacts

JOINTS = {
    "include": N_("Takes in"),
    "exclude": N_("Leaves out"),
    "all": N_("All of"),
    "any": N_("At least one of"),
    "none": N_("None of"),
    "not": N_("Not"),
    "group": N_("The group"),
}


def show(one: Explanation, group: Group, *, past: bool, as_json: bool) -> None:
    """One person's explanation as an indented tree."""
    if as_json:
        say.json(_plain(one))
        return
    template = (
        N_("{name}, {source} {id}: is in “{group}”") if one.inside else N_("{name}, {source} {id}: is not in “{group}”")
    )
    say.line(template, name=one.name or "–", source=one.source, id=one.external_id, group=group.name)
    if not one.alive:
        say.line(N_("  ✗ switched off in the shop, or gone from it: such people are in no group"))
    elif one.told.holds and not one.inside:
        say.line(N_("  ✗ somebody else with this address is left out, and a letter would reach both"))
    for line in _lines(one.told.parts, past=past):
        say.out.print(line, markup=False)


def _lines(parts: Iterable[Told], *, past: bool, depth: int = 1) -> Iterator[str]:
    for told in parts:
        if told.code == "all" and len(told.parts) == 1:  # one word of its own needs no "all of"
            yield from _lines(told.parts, past=past, depth=depth)
            continue
        yield f"{'  ' * depth}{'✓' if told.holds else '✗'} {sentence(told, past=past)}"
        yield from _lines(told.parts, past=past, depth=depth + 1)


def sentence(told: Told, *, past: bool = False) -> str:
    """What one node says: "Orders in the last 90 days: 1, must be at least 2"."""
    if told.wanted is None:
        return say._(JOINTS[told.code])
    what = said(told.what, say.language) if told.what else say._(told.title)
    wanted = said(told.wanted, say.language)
    value = say._(N_("not known")) if told.value is None else quantity(told.value, say.language)
    text = say._(N_("{what}: {value}, must be {wanted}"), what=what, value=value or "–", wanted=wanted)
    return text + say._(N_(" (as known today)")) if past and not told.dated else text


def _plain(one: Explanation) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in ("person_id", "source", "external_id", "name", "alive", "inside")}
    return {**shown, "rule": _node(one.told)}


def _node(told: Told) -> dict[str, Any]:
    node: dict[str, Any] = {"code": told.code, "holds": told.holds}
    if told.wanted is not None:
        value = None if told.value is None else {"value": told.value.value, "unit": told.value.unit}
        node |= {"value": value, "dated": told.dated, "text": sentence(told)}
    return node | ({"parts": [_node(part) for part in told.parts]} if told.parts else {})


def form(word: str, *, as_json: bool) -> None:
    """Everything that may be written behind one word."""
    found: Word = known(word)
    fields = [
        {"field": field.alias or name, "title": say._(field.title or ""), "short": name == found.form.short}
        for name, field in found.form.model_fields.items()
    ]
    if as_json:
        say.json({"word": word, "title": say._(found.title), "example": found.example, "fields": fields})
        return
    say.out.print(f"{word}: {say._(found.title)}", markup=False)
    say.table([N_("Field"), N_("Meaning")], [[row["field"], row["title"]] for row in fields])
    say.out.print(f"{{{word} = {found.example!r}}}", markup=False)


def preview(
    group: Group,
    reach: looks.Reach,
    sample: Sequence[sa.RowMapping],
    overlaps: Sequence[looks.Overlap],
    cost: looks.Cost,
    *,
    as_json: bool,
) -> None:
    """What a group would be."""
    if as_json:
        found = {"reach": asdict(reach), "sample": [dict(row) for row in sample]}
        say.json({"group": group.code, **found, "overlap": [asdict(one) for one in overlaps], "cost": asdict(cost)})
        return
    _reach(group, reach)
    if sample:
        say.line(N_("For example:"))
        say.table(
            [N_("Address"), N_("Name"), N_("Source")], [[row["email"], row["name"], row["source"]] for row in sample]
        )
    shared = [one for one in overlaps if one.both]
    if shared:
        say.line(N_("In common with other groups:"))
        say.table([N_("Group"), N_("In both"), N_("Of")], [[one.code, one.both, one.size] for one in shared])
    _cost(cost)


def _reach(group: Group, reach: looks.Reach) -> None:
    say.line(N_("{group}: {count} addresses"), group=group.name, count=reach.members)
    rows = [[say._(N_("e-mail can reach")), reach.reachable]]
    rows += [[say._(N_("  of them with a confirmed account, or on a list")), reach.agreed]]
    rows += [[say._(N_("  of them on a list of the shop")), reach.on_list]]
    rows += [[f"{say._(N_('withheld'))}: {say.reason(why)}", count] for why, count in reach.withheld.items()]
    rows += [[say._(N_("besides, people without an address that works")), reach.without_address]]
    rows += [[say._(N_("besides, people switched off or gone")), reach.inactive]]
    say.table([N_("Reach"), N_("How many")], rows)


def _cost(cost: looks.Cost) -> None:
    say.line(N_("Counting took {seconds} s."), seconds=f"{cost.seconds:.3f}")
    if cost.rows_read is not None:
        say.line(N_("The server read {count} rows."), count=cost.rows_read)
    for line in cost.plan:
        say.out.print(f"  {line}", markup=False, style="dim")


def difference(
    connection: sa.Connection, found: Difference, group: Group, world: World, *, limit: int, as_json: bool
) -> None:
    """Who came and who went, some of them with the condition that changed."""
    if found.rule_changed:
        say.note(N_("The rule itself was changed between the two moments."))
    for side in (found.before, found.after):
        if not side.kept:
            at = Quantity(side.at.astimezone(ZoneInfo(world.timezone)), "moment")
            say.note(N_("{at}: no snapshot; worked out from what is known now."), at=at)
    for sign, ids in (("+", found.joined), ("-", found.left)):
        if not as_json:
            template = N_("Joined: {count}") if sign == "+" else N_("Left: {count}")
            say.line(template, count=len(ids))
        for email in _emails(connection, ids, limit):
            _change(sign, email, _flips(connection, found, group, world, email), as_json=as_json)


def _emails(connection: sa.Connection, ids: BitMap64, limit: int) -> list[str]:
    some = list(ids[:limit])
    return list(
        connection.scalars(sa.select(contacts.c.email).where(contacts.c.id.in_(some)).order_by(contacts.c.email))
    )


def _flips(connection: sa.Connection, found: Difference, group: Group, world: World, email: str) -> list[str]:
    """Each condition whose answer changed, as it is now and as it was."""
    sides = [
        explain(connection, replace(group, static=False), replace(world, now=side.at), email=email)
        for side in (found.before, found.after)
    ]
    told = [pair for before, after in zip(*sides, strict=True) for pair in flips(before.told, after.told)]
    return list(dict.fromkeys(f"{sentence(after)} ← {_was(before)}" for before, after in told))


def _was(before: Told) -> str:
    return say._(N_("was {value}"), value="–" if before.value is None else quantity(before.value, say.language))


def _change(sign: str, email: str, reasons: list[str], *, as_json: bool) -> None:
    if as_json:
        say.json({"change": {"+": "joined", "-": "left"}[sign], "email": email, "because": reasons})
        return
    say.out.print(f"  {sign} {email}", markup=False)
    for reason in reasons:
        say.out.print(f"      {reason}", markup=False)
