"""The built-in mailbox: what it answers 250 to is a file, and any letter can be looked at."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import mailbox, mime
from core.errors import Refused
from core.mailbox import Mailbox
from core.testing.conformance import a_letter
from tests.services import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    with Mailbox(folder, "127.0.0.1", 0) as sink:
        yield sink.port


def hand_over(port: int, *messages: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as relay:
        for message in messages:
            relay.sendmail("news@shop.ru", ["user@shop.ru"], message)


def a_message(subject: str, to: str = "user@shop.ru") -> bytes:
    letter = a_letter(to, subject=subject, html="<b>Поздравляем</b>")
    return mime.message(letter, now=datetime(2026, 11, 24, tzinfo=UTC))


def kept(folder: Path, raw: bytes, number: int = 1) -> str:
    """A letter put there as the sink names it."""
    folder.mkdir(exist_ok=True)
    name = f"20261124T020000.000000-{number:06}-0123abcd.eml"
    (folder / name).write_bytes(raw)
    return name


def test_a_letter_is_kept_byte_for_byte(folder: Path, port: int) -> None:
    message = a_message("С днём рождения")
    hand_over(port, message)
    [heading] = mailbox.letters(folder).letters
    stored = mailbox.letter(folder, heading.name)
    assert stored.raw == message
    assert (heading.to, heading.sender) == ("Пётр Иванов <user@shop.ru>", "Магазин <news@example.com>")
    assert heading.subject == "С днём рождения"
    assert stored.heading == heading
    assert (stored.html.strip(), stored.text.strip()) == ("<b>Поздравляем</b>", "Поздравляем.")
    assert dict(stored.headers)["Subject"] == "С днём рождения"
    assert abs(heading.received_at - datetime.now(UTC)) < timedelta(hours=1)


def test_the_newest_stands_first_and_pages_follow_each_other(folder: Path, port: int) -> None:
    hand_over(port, *(a_message(f"№ {number}") for number in range(5)))
    pages = [mailbox.letters(folder, page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert [[one.subject for one in page.letters] for page in pages] == [["№ 4", "№ 3"], ["№ 2", "№ 1"], ["№ 0"], []]
    assert {page.total for page in pages} == {5}


@pytest.mark.parametrize(("query", "found"), [("РОЖДЕНИЯ", 1), ("petrova@", 1), ("магазин", 2), ("нет такого", 0)])
def test_letters_are_found_by_subject_address_and_sender(folder: Path, port: int, query: str, found: int) -> None:
    hand_over(port, a_message("С днём рождения"), a_message("Скидки", to="petrova@shop.ru"))
    assert mailbox.letters(folder, query=query).total == found
    assert len(mailbox.letters(folder, query=query, per_page=1).letters) == min(found, 1)


def test_the_same_letter_twice_is_two_letters(folder: Path, port: int) -> None:
    hand_over(port, a_message("Дважды"), a_message("Дважды"))
    assert mailbox.letters(folder).total == 2


def test_a_half_written_letter_is_not_shown_and_not_cleared(folder: Path) -> None:
    folder.mkdir()
    half = folder / "20261124T020000.000000-000001-0123abcd.part"
    half.write_bytes(b"Subject: half")
    assert mailbox.letters(folder).total == 0
    assert mailbox.clear(folder) == 0
    assert half.exists()


def test_what_cannot_be_kept_is_put_off_not_lost(folder: Path, port: int) -> None:
    folder.rmdir()
    folder.write_text("no folder any more")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        hand_over(port, a_message("Полный диск"))
    assert refused.value.smtp_code == 452


def test_a_letter_over_the_limit_is_refused(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as relay:
        relay.ehlo()
        assert int(relay.esmtp_features["size"]) == 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"", ""),
        (b"no header at all", ""),
        (b"\r\n\r\nbody", ""),
        (b"Subject: =?utf-8?b?!!!?= x\r\n\r\nx", " x"),
        (b"Subject: =?no-such?q?x?=\r\n\r\nx", "x"),
        ("Subject: Привет\r\n\r\nx".encode("koi8-r"), "\ufffd" * 6),
        (b"Subject: one\r\nSubject: two\r\n\r\nx", "one"),
        (b"From: <\r\nTo: @@@ <<>>,\r\nSubject: odd\r\n\r\nx", "odd"),
        (b"Content-Type: multipart/mixed\r\nSubject: no boundary\r\n\r\nx", "no boundary"),
        (b"Content-Type: text/html; charset=no-such\r\nSubject: alphabet\r\n\r\n<b>", "alphabet"),
        (b"Content-Transfer-Encoding: base64\r\nSubject: base\r\n\r\n!!!", "base"),
    ],
)
def test_a_broken_letter_is_shown_as_far_as_it_goes(folder: Path, raw: bytes, subject: str) -> None:
    name = kept(folder, raw)
    [heading] = mailbox.letters(folder).letters
    stored = mailbox.letter(folder, name)
    assert heading.subject == stored.heading.subject == subject
    assert stored.raw == raw
    for text in (stored.html, stored.text, *(part for header in stored.headers for part in header)):
        text.encode("utf-8")


def test_a_body_in_an_unknown_alphabet_is_still_shown(folder: Path) -> None:
    name = kept(folder, "Content-Type: text/html; charset=no-such\r\n\r\n<b>Чай</b>".encode())
    assert mailbox.letter(folder, name).html == "<b>Чай</b>"


def test_headers_of_one_name_are_all_shown(folder: Path) -> None:
    name = kept(folder, b"Received: by one\r\nReceived: by two\r\nSubject: x\r\n\r\n")
    assert mailbox.letter(folder, name).headers == (("Received", "by one"), ("Received", "by two"), ("Subject", "x"))


@pytest.mark.parametrize("name", ["", "x.eml", "../vestnik.toml", "20261124T020000.000000-000001-0123abcd.eml", "\x00"])
def test_a_name_that_is_none_of_ours_is_refused(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder / "x.eml").write_text("not ours")
    (folder.parent / "vestnik.toml").write_text("secrets")
    with pytest.raises(Refused, match="There is no letter"):
        mailbox.letter(folder, name)


def test_files_of_others_are_not_listed(folder: Path) -> None:
    kept(folder, a_message("Наше"))
    (folder / "x.eml").write_text("not ours")
    assert [one.subject for one in mailbox.letters(folder).letters] == ["Наше"]


def test_clear_removes_all_letters_and_counts_them(folder: Path, port: int) -> None:
    hand_over(port, a_message("1"), a_message("2"))
    assert mailbox.clear(folder) == 2
    assert mailbox.letters(folder).total == 0
    assert mailbox.clear(folder) == 0
    hand_over(port, a_message("3"))
    assert mailbox.letters(folder).total == 1


def test_a_mailbox_that_never_was_is_empty(tmp_path: Path) -> None:
    assert mailbox.letters(tmp_path / "none") == mailbox.LetterList((), 0)
    assert mailbox.clear(tmp_path / "none") == 0


def test_answers_says_whether_somebody_listens(port: int) -> None:
    assert mailbox.answers(port)
    assert not mailbox.answers(free_port())


def test_names_are_in_the_order_of_arrival(folder: Path, port: int) -> None:
    hand_over(port, *(a_message(str(number)) for number in range(12)))
    names = sorted(file.name for file in folder.iterdir())
    assert [mailbox.letter(folder, name).heading.subject for name in names] == [str(number) for number in range(12)]
    assert all(re.fullmatch(r"\d{8}T\d{6}\.\d{6}-\d{6}-[0-9a-f]{8}\.eml", name) for name in names)


def test_a_name_cut_into_several_encoded_words_is_shown_whole(folder: Path, port: int) -> None:
    name = "Константин Алексеев-Петропавловский Магазин «Домовой»"
    letter = replace(a_letter("user@shop.ru", subject=name * 3), to_name=name)
    hand_over(port, mime.message(letter, now=datetime(2026, 11, 24, tzinfo=UTC)))
    [heading] = mailbox.letters(folder).letters
    assert (heading.to, heading.subject) == (f"{name} <user@shop.ru>", name * 3)


def test_a_letter_to_an_address_of_any_script_is_shown_as_it_was_written(folder: Path) -> None:
    letter = replace(a_letter("почта@xn--e1afmkfd.xn--p1ai", subject="Ёлка"), to_name="Пётр")
    name = kept(folder, mime.message(letter, now=datetime(2026, 11, 24, tzinfo=UTC)))
    heading = mailbox.letter(folder, name).heading
    assert (heading.to, heading.subject) == ("Пётр <почта@xn--e1afmkfd.xn--p1ai>", "Ёлка")
