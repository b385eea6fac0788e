"""MIME: what a letter says is what a mail program reads, and nobody smuggles in a header."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import mime
from core.errors import Refused
from core.model import Letter

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LETTER: dict[str, Any] = {
    "sender": "Домовой <news@shop.ru>",
    "to": "ivanov@mail.ru",
    "to_name": "Пётр Иванов",
    "subject": "С днём рождения, Пётр!",
    "html": "<p>Поздравляем &amp; ждём.</p>\n",
    "text": "Поздравляем и ждём.\n",
    "message_id": "<1.abc@shop.ru>",
    "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
}
LONG_NAME = 'Shop, The Very Long Company Name, Limited, "With" Many Commas, Inc. (Moscow) and Friends of It'


def raw(**parts: Any) -> bytes:
    return mime.message(Letter(**{**LETTER, **parts}), now=NOW)


def read(message: bytes) -> EmailMessage:
    parsed: Any = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def mailbox(message: bytes, header: str) -> tuple[str, str]:
    """(name, address) as RFC 2047 has them: the newer parser of `email` puts a blank between two encoded words."""
    [(name, address)] = getaddresses([email.message_from_bytes(message)[header]])
    return str(make_header(decode_header(name))), address


def head(message: bytes) -> list[str]:
    return message.split(b"\r\n\r\n", 1)[0].decode("ascii").split("\r\n")


def test_read_back_it_says_the_same() -> None:
    message = read(raw())
    assert message["Subject"] == LETTER["subject"]
    assert str(message["From"]) == LETTER["sender"]
    assert str(message["To"]) == "Пётр Иванов <ivanov@mail.ru>"
    assert message["Message-ID"] == LETTER["message_id"]
    assert message["Date"].datetime == NOW
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_text_stands_before_the_html() -> None:
    parts = [part for part in read(raw()).walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content().replace("\r\n", "\n") for part in parts] == [LETTER["text"], LETTER["html"]]


def test_every_line_ends_in_crlf_and_none_is_too_long() -> None:
    message = raw(subject="слово " * 80, text="а" * 5000, html="б\rв\nг")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message)
    assert max(len(line) for line in message.split(b"\r\n")) <= 78


@pytest.mark.parametrize("field", ["subject", "to_name", "message_id"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\r\n", "\x00", "\x85", "\u2028"])
def test_nobody_adds_a_header(field: str, end: str) -> None:
    message = read(raw(**{field: f"Привет{end}Bcc: victim@shop.ru"}))
    assert message["Bcc"] is None
    assert len(message.keys()) == len(read(raw()).keys())


def test_nobody_adds_a_header_through_a_header() -> None:
    assert read(raw(headers={"X-Note": "a\r\nBcc: victim@shop.ru"}))["Bcc"] is None
    for name in ("X\r\nBcc", "X:", "", "Имя", "Subject", "to", "Content-Type"):
        with pytest.raises(Refused, match="cannot be given the header"):
            raw(headers={name: "x"})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ivanov",
        "a@b.ru\r\nBcc: c@d.ru",
        "a b@c.ru",
        "a@b.ru>",
        "a@b.ru, c@d.ru",
        "a@и.ru",
        "и@b.ru\r\nBcc: c@d.ru",
        "и@b.ru\x85Bcc: c@d.ru",
        "и@b.ru>, <c@d.ru",
        "и\u2028@b.ru",
        "и\u202e@b.ru",
        "и\u3000a@b.ru",
    ],
)
def test_an_address_that_cannot_be_written_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="cannot stand in a letter"):
        raw(to=address)


WIDE = "почта@xn--e1afmkfd.xn--p1ai"


def test_an_address_of_any_script_makes_its_letter_utf_8() -> None:
    message = raw(to=WIDE)
    head = message.split(b"\r\n\r\n", 1)[0].decode()
    assert f'To: "Пётр Иванов" <{WIDE}>' in head.splitlines()
    assert f"Subject: {LETTER['subject']}" in head.splitlines()
    parsed: Any = email.message_from_bytes(message, policy=email.policy.strict + email.policy.SMTPUTF8)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert not parsed.defects


@pytest.mark.parametrize(
    "parts", [{"to": WIDE}, {"sender": f"Магазин <{WIDE}>"}, {"headers": {"Reply-To": f"Магазин <{WIDE}>"}}], ids=str
)
def test_only_a_letter_with_such_an_address_needs_smtputf8(parts: dict[str, Any]) -> None:
    assert mime.needs_smtputf8(Letter(**{**LETTER, **parts}))
    assert not raw(**parts).split(b"\r\n\r\n", 1)[0].isascii()
    assert not mime.needs_smtputf8(Letter(**LETTER))
    assert raw().split(b"\r\n\r\n", 1)[0].isascii()


@pytest.mark.parametrize("name", ['Пётр "Великий" \\', "Иванов, Пётр", "=?utf-8?q?x?=", "Ё" * 500], ids=str)
def test_a_name_beside_such_an_address_is_read_as_it_was_written(name: str) -> None:
    message = raw(to=WIDE, to_name=name, subject=name)
    [(found, address)] = getaddresses([str(email.message_from_string(message.decode())["To"])])
    assert (str(make_header(decode_header(found))), address) == (name, WIDE)
    assert max(len(line) for line in message.split(b"\r\n")) <= 998


@pytest.mark.parametrize("field", ["subject", "to_name", "message_id"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00", "\x85", "\u2028"])
def test_nobody_adds_a_header_to_a_letter_in_utf_8(field: str, end: str) -> None:
    head = raw(to=WIDE, **{field: f"Привет{end}Bcc: victim@shop.ru"}).split(b"\r\n\r\n", 1)[0].decode()
    assert not [line for line in head.splitlines() if line.startswith("Bcc")]  # splitlines knows \x85 and \u2028, too


@pytest.mark.parametrize(
    "subject",
    ["a" * 500, "word " * 100, "Ё" * 500, "🎂" * 200, "=?utf-8?q?x?=", "a  b", "Скидка 50% — «Чай»", "", "."],
)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    assert read(raw(subject=subject))["Subject"] == subject.strip()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Ivan",
        "Иванов, Пётр",
        'O"Brien \\ Co.',
        "<b>",
        "a@b.ru",
        "Петя (склад)",
        LONG_NAME,
        "=?utf-8?q?x?=",
        "🎂 Торт",
    ],
)
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    assert mailbox(raw(to_name=name), "To") == (name, "ivanov@mail.ru")
    assert mailbox(raw(sender=quoted(name, "news@shop.ru")), "From") == (name, "news@shop.ru")


def quoted(name: str, address: str) -> str:
    return '"{}" <{}>'.format(re.sub(r'(["\\])', r"\\\1", name), address)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), max_size=60))
def test_any_subject_and_name_come_back(text: str) -> None:
    message = raw(subject=text, to_name=text)
    assert read(message)["Subject"] == text
    assert [one.addr_spec for one in read(message)["To"].addresses] == ["ivanov@mail.ru"]
    assert mailbox(message, "To") == (text, "ivanov@mail.ru")


def test_the_unsubscribe_link_is_never_folded_or_encoded() -> None:
    link = f"<https://shop.ru/p/u/{'A1b2-C3_d4' * 20}>"  # one that is split or encoded no mail service follows
    assert f"List-Unsubscribe: {link}" in head(raw(headers={"List-Unsubscribe": link}))


def test_a_reply_to_keeps_its_address_readable() -> None:
    message = raw(headers={"Reply-To": '"Магазин, ООО" <ask@shop.ru>'})
    assert any(line.endswith("<ask@shop.ru>") for line in head(message))
    assert [one.display_name for one in read(message)["Reply-To"].addresses] == ["Магазин, ООО"]


def test_the_envelope_carries_the_bare_address() -> None:
    assert mime.envelope_sender(Letter(**LETTER)) == "news@shop.ru"


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        raw(text="\ud83d")


def test_a_name_cannot_turn_the_subject_round() -> None:
    assert mime.one_line("Анна\u202e\u2066, скидка") == "Анна , скидка"


@given(
    text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=400), plain=st.booleans()
)
def test_any_body_is_read_back_without_a_defect(text: str, plain: bool) -> None:
    body = ("A line of plain English, = and == and trailing blanks  \t\n.\n" * 20 if plain else "") + text
    message = raw(text=body, html=f"<p>{body}</p>")
    parsed = email.message_from_bytes(message, policy=email.policy.strict)
    [first, second] = [part for part in parsed.walk() if not part.is_multipart()]
    expected = re.sub("\r\n?", "\n", body).encode()
    for part, wanted in ((first, expected), (second, b"<p>" + expected + b"</p>")):
        read_back: Any = part.get_payload(decode=True)
        assert read_back.replace(b"\r\n", b"\n") == wanted
        assert not part.defects
    assert max(len(line) for line in message.split(b"\r\n")) <= 78
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Plain English of which not one letter in fifty is a ё. " * 30, "quoted-printable"),
        ("Чистая кириллица. " * 30, "base64"),
        ("", "quoted-printable"),
    ],
)
def test_a_body_is_encoded_the_shorter_way(text: str, encoding: str) -> None:
    [part, _] = list(read(raw(text=text)).iter_parts())
    assert part["Content-Transfer-Encoding"] == encoding


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=300))
def test_any_subject_is_read_back(subject: str) -> None:
    wanted = mime.one_line(subject)
    found = str(make_header(decode_header(email.message_from_bytes(raw(subject=subject))["Subject"] or "")))
    assert found == wanted


@pytest.mark.parametrize("lines", [1, 2, 500])
@pytest.mark.parametrize("more", [0, 1, 2, 3, 56])
def test_base64_stands_in_lines_as_the_library_writes_them(lines: int, more: int) -> None:
    text = "ё" * ((lines * 57 + more) // 2) + "!" * ((lines * 57 + more) % 2)
    encoded = base64.encodebytes(text.encode()).strip().replace(b"\n", b"\r\n")
    assert encoded in raw(html=text)
