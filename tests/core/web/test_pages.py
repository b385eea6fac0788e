"""The admin sees how sources stand, when issues fire, what became of postings, and each one's letter."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import db, postings, tables
from core.model import Outcome
from tests.conftest import NOW
from tests.core.web.conftest import TestClient, Visit
from tests.core.world import World


def opened(world: World, count: int = 3) -> int:
    world.people(count)
    world.apply()
    return world.open()


def recipient(world: World, posting_id: int, user: str = "user1") -> str:
    return f"/postings/{posting_id}/recipients/{world.recipients(posting_id)[user]['id']}"


def text(page: str) -> str:
    """What a reader sees of a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_an_empty_installation_says_what_to_do_next(visit: Visit) -> None:
    page = visit(sources={}).get("/").text
    for command in ("vestnik doctor", "vestnik apply definitions.toml", "vestnik send birthday --dry-run"):
        assert command in page
    assert "vestnik pull shop" in visit().get("/").text


def test_the_overview_shows_each_kind_with_its_last_read_and_error(client: TestClient, world: World) -> None:
    world.people(1)
    values = {"error": "Source 'shop': access denied <for> you", "failed_at": NOW}
    with db.writing(world.engine) as connection:
        connection.execute(sa.update(tables.source_reads).where(tables.source_reads.c.kind == "orders").values(values))
    seen = text(client.get("/").text)
    assert "people 24.11.2026 05:00 0 in order" in seen, "in the site's zone"
    assert "orders 24.11.2026 05:00 0 Source &#39;shop&#39;: access denied &lt;for&gt; you 24.11.2026 05:00" in seen


def test_the_overview_tells_when_an_issue_fires_and_what_its_last_posting_came_to(
    client: TestClient, world: World
) -> None:
    posting_id = opened(world)
    world.send(posting_id)
    seen = text(client.get("/").text)
    assert "greetings / birthday daily at 05:00 (Europe/Moscow) 25.11.2026 05:00 24.11.2026 05:00 done" in seen
    assert f"birthday № {posting_id} 24.11.2026 05:00 by hand done sent 3" in seen


def test_a_waiting_posting_shows_its_reason(client: TestClient, world: World) -> None:
    world.apply()
    posting_id = postings.by_hand(world.engine, world.issue(), now=NOW)
    postings.wait(world.engine, posting_id, "Source 'shop' does not answer")
    for path in ("/", f"/postings/{posting_id}"):
        assert "Source &#39;shop&#39; does not answer" in client.get(path).text
    assert "chosen when the posting opens" in client.get(f"/postings/{posting_id}").text


def test_an_issue_with_a_broken_schedule_does_not_hide_the_others(client: TestClient, world: World) -> None:
    world.apply()
    with db.writing(world.engine) as connection:
        connection.execute(sa.update(tables.issues).values(schedule="now and then"))
    answer = client.get("/")
    assert answer.status_code == 200
    assert "is not understood" in answer.text


def test_an_issue_that_is_switched_off_or_sent_by_hand_has_no_next_firing(client: TestClient, world: World) -> None:
    world.apply(active=False)
    assert "switched off" in client.get("/").text
    world.apply(schedule="")
    assert "by hand" in client.get("/").text


def test_refused_rows_are_listed_with_their_reasons_in_pages(client: TestClient, world: World) -> None:
    world.people(1)
    rows = [
        {"source": "shop", "kind": "people", "external_id": f"id-{number}", "reason": f"bad e-mail <{number}>",
         "at": NOW + timedelta(minutes=number)}
        for number in range(101)
    ]  # fmt: skip
    with db.writing(world.engine) as connection:
        connection.execute(sa.insert(tables.refusals), rows)
    assert 'href="/sources/shop/refusals">101</a>' in client.get("/").text
    first, second = (client.get(f"/sources/shop/refusals?page={page}").text for page in (1, 2))
    assert "bad e-mail &lt;100&gt;" in first
    assert "id-0<" not in first
    assert "id-0<" in second
    assert "Page 2 of 2" in second


def test_a_posting_lists_its_recipients_with_reply_attempts_and_time(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    world.channel.answers = {"user1@shop.ru": Outcome("failed", "550 no such <user>"),
                             "user2@shop.ru": Outcome("retry", "451 later")}  # fmt: skip
    world.send(posting_id)
    seen = text(client.get(f"/postings/{posting_id}").text)
    assert "all 3 waiting 1 sent 1 failed 1" in seen
    assert "user0@shop.ru sent 24.11.2026 05:00 1 250 ok" in seen
    assert "user1@shop.ru failed – 1 550 no such &lt;user&gt;" in seen
    assert "user2@shop.ru waiting – 1 next at 24.11.2026 05:01 451 later" in seen


def test_recipients_are_filtered_by_status(client: TestClient, world: World) -> None:
    world.suppress("user2@shop.ru", mailing="greetings")
    posting_id = opened(world)
    page = client.get(f"/postings/{posting_id}?status=skipped").text
    assert "user2@shop.ru" in page
    assert "unsubscribed" in page
    assert "user1@shop.ru" not in page
    assert client.get(f"/postings/{posting_id}?status=nonsense").status_code == 404


def test_many_recipients_come_in_pages_each_once(client: TestClient, world: World) -> None:
    posting_id = opened(world, 101)
    pages = [client.get(f"/postings/{posting_id}?status=new&page={page}").text for page in (1, 2, 3)]
    seen = [re.findall(r"user\d+@shop\.ru", page) for page in pages]
    assert [len(one) for one in seen] == [100, 1, 0]
    assert len({*seen[0], *seen[1]}) == 101
    assert 'href="?status=new&amp;page=2"' in pages[0]


def test_the_letter_is_shown_as_it_is_composed_for_this_person(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    world.send(posting_id)
    path = recipient(world, posting_id)
    page = client.get(path).text
    assert "С днём рождения, Имя1" in page
    assert f'src="{path}/html"' in page
    assert "sandbox=" in page
    assert "allow-scripts" not in page
    assert "List-Unsubscribe" in page
    assert world.recipients(posting_id)["user1"]["message_id"].strip("<>") in page
    assert "Имя1" in client.get(f"{path}/html").text


def test_the_unsubscribe_link_of_a_shown_letter_is_nobodys(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    path = recipient(world, posting_id)
    tokens = set(re.findall(r"/p/u/([\w.-]+)", client.get(path).text + client.get(f"{path}/html").text))
    assert tokens
    for token in tokens:
        answer = client.post(f"/p/u/{token}/everything")
        assert answer.status_code == 200
        assert "This is a test letter" in answer.text
    with world.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.suppressions)) == 0


def test_showing_a_letter_changes_no_row(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    before = world.recipients(posting_id)
    client.get(recipient(world, posting_id))
    assert world.recipients(posting_id) == before


def test_a_letter_that_cannot_be_composed_says_why(client: TestClient, world: World) -> None:
    world.people(1)
    world.apply(subject="{{ 1 // (name|length - 4) }}")
    posting_id = world.open()
    path = recipient(world, posting_id, "user0")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "ZeroDivisionError" in answer.text
    assert client.get(f"{path}/html").status_code == 404


def test_a_recipient_whose_person_has_gone_is_shown_all_the_same(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    with db.writing(world.engine) as connection:
        connection.execute(sa.delete(tables.people))
    assert client.get(recipient(world, posting_id)).status_code == 200


def test_a_recipient_of_another_posting_is_not_here(client: TestClient, world: World) -> None:
    posting_id = opened(world)
    world.clock.on(hours=1)
    other = world.open()
    path = recipient(world, posting_id).replace(f"/postings/{posting_id}/", f"/postings/{other}/")
    assert client.get(path).status_code == 404
    assert client.get(f"{path}/html").status_code == 404


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_page_speaks_the_sites_language(visit: Visit, world: World, language: str) -> None:
    posting_id = opened(world)
    client = visit(site={"language": language, "name": "Домовой"})
    for path in ("/", "/mailbox", f"/postings/{posting_id}", recipient(world, posting_id), "/p/u/x", "/nothing"):
        assert f'<html lang="{language}">' in client.get(path).text
