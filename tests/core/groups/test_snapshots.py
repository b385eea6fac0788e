"""Who was in a group: kept at each posting, frozen by hand, compared between two moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import groups, postings, tables
from core.errors import Misconfigured
from core.groups import Group, snapshots
from core.rules import World as Asked
from tests.conftest import NOW
from tests.core.test_groups import fill, order, person
from tests.core.world import World

BUYERS = Group("buyers", "Покупатели", {"ordered": {"within_days": 30}})


def asked(connection: sa.Connection, now: datetime = NOW) -> Asked:
    return groups.world(connection, now=now, timezone="Europe/Moscow")


def names(connection: sa.Connection, ids: object) -> list[str]:
    query = sa.select(tables.contacts.c.email).where(tables.contacts.c.id.in_(list(ids)))  # type: ignore[call-overload]
    return sorted(email.partition("@")[0] for email in connection.scalars(query))


def saved(engine: sa.Engine, group: Group) -> None:
    with engine.begin() as connection:
        row = {"code": group.code, "name": group.name, "include": group.include, "changed_at": NOW}
        connection.execute(sa.insert(tables.recipient_groups).values(row))


def test_a_kept_snapshot_is_what_the_group_was(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    with engine.begin() as connection:
        at = NOW - timedelta(days=1)
        snapshots.keep(connection, BUYERS, snapshots.asked(connection, BUYERS, asked(connection)), at=at)
        snapshots.keep(connection, BUYERS, [], at=at)  # the first one of a moment stays
        found = snapshots.compare(connection, BUYERS, asked(connection), since=NOW - timedelta(hours=1), until=NOW)
        assert (names(connection, found.before.members), found.before.kept, found.before.at) == (["a"], True, at)
        assert (len(found.joined), len(found.left), found.after.kept) == (0, 0, False)
        [row] = snapshots.history(connection, "buyers")
        assert (row["size"], row["at"], row["posting_id"]) == (1, at, None)


def test_who_joined_and_who_left_is_told(engine: sa.Engine) -> None:
    fill(
        engine,
        *(person(name) for name in ("stays", "joins", "leaves")),
        orders=(order("stays", days_ago=20), order("joins", days_ago=1), order("leaves", days_ago=35)),
    )
    with engine.connect() as connection:
        since = NOW - timedelta(days=10)
        found = snapshots.compare(connection, BUYERS, asked(connection), since=since, until=NOW)
        assert names(connection, found.joined) == ["joins"]
        assert names(connection, found.left) == ["leaves"]
        assert not found.rule_changed


def test_a_rule_that_was_changed_in_between_is_noticed(engine: sa.Engine) -> None:
    fill(engine, person("a"))
    with engine.begin() as connection:
        snapshots.keep(connection, BUYERS, [], at=NOW - timedelta(days=1))
        other = replace(BUYERS, include={"ordered": {"within_days": 60}})
        found = snapshots.compare(connection, other, asked(connection), since=NOW - timedelta(hours=2), until=NOW)
    assert found.rule_changed


def test_the_later_moment_must_be_later(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(Misconfigured, match="--from must be before --to"):
        snapshots.compare(connection, BUYERS, asked(connection), since=NOW, until=NOW)


def test_a_frozen_group_stays_as_it_was_until_it_is_thawed(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    saved(engine, BUYERS)
    with engine.begin() as connection:
        assert snapshots.freeze(connection, groups.find(connection, "buyers"), asked(connection)) == 1
    later = NOW + timedelta(days=100)
    with engine.begin() as connection:
        world = asked(connection, later)
        assert groups.count(connection, [groups.find(connection, "buyers")], world) == 1
        assert groups.count(connection, [Group("g", "g", {"in_group": "buyers"})], world) == 1
        snapshots.thaw(connection, groups.find(connection, "buyers"), world)
        assert groups.count(connection, [groups.find(connection, "buyers")], world) == 0


def test_a_copy_is_frozen_beside_its_group(engine: sa.Engine) -> None:
    fill(engine, person("a"), person("b"), orders=(order("a", days_ago=1),))
    saved(engine, BUYERS)
    with engine.begin() as connection:
        group, world = groups.find(connection, "buyers"), asked(connection)
        assert snapshots.copy_frozen(connection, group, world, code="then", name="Тогда") == 1
        assert groups.find(connection, "then").static
        assert not groups.find(connection, "buyers").static
        with pytest.raises(Misconfigured, match="already"):
            snapshots.copy_frozen(connection, group, world, code="then", name="Тогда")


def test_whoever_became_inactive_is_no_more_in_a_frozen_group(engine: sa.Engine) -> None:
    fill(engine, person("a"), orders=(order("a", days_ago=1),))
    saved(engine, BUYERS)
    with engine.begin() as connection:
        snapshots.freeze(connection, groups.find(connection, "buyers"), asked(connection))
        connection.execute(sa.update(tables.people).values(active=False))
        assert groups.count(connection, [groups.find(connection, "buyers")], asked(connection)) == 0


def test_each_posting_keeps_who_was_in_its_groups(engine: sa.Engine) -> None:
    world = World(engine)
    world.people(5)
    world.apply()
    posting_id = world.open()
    with engine.connect() as connection:
        [row] = snapshots.history(connection, "birthday")
        kept = snapshots.compare(
            connection,
            groups.find(connection, "birthday"),
            asked(connection, NOW + timedelta(days=1)),
            since=NOW + timedelta(hours=1),
            until=NOW + timedelta(days=1),
        )
    assert (row["size"], row["posting_id"], row["at"]) == (
        5,
        posting_id,
        postings.posting(engine, posting_id).firing_at,
    )
    assert len(kept.left) == 5, "their birthday is over"


def test_the_same_people_are_one_snapshot_whatever_their_birthday(engine: sa.Engine) -> None:
    fill(engine, person("a", birthday=date(1990, 11, 24)))
    with engine.connect() as connection:
        ids = snapshots.asked(connection, Group("g", "g", {}), asked(connection))
    assert len(ids) == 1
