"""Addresses: one spelling for one mailbox, and a reason for each that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.address import domain_of, normalised
from core.errors import Refused


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("ivanov@mail.ru", "ivanov@mail.ru"),
        ("  Ivanov@MAIL.ru\n", "ivanov@mail.ru"),
        ("i.van+shop_1@mail.co.uk", "i.van+shop_1@mail.co.uk"),
        ("o'brien@mail.ru", "o'brien@mail.ru"),
        ("ivan@почта.рф", "ivan@xn--80a1acny.xn--p1ai"),
        ("ivan@XN--80A1ACNY.xn--p1ai", "ivan@xn--80a1acny.xn--p1ai"),
        ("IVAN@Почта.РФ", "ivan@xn--80a1acny.xn--p1ai"),
        ("ivan@faß.de", "ivan@xn--fa-hia.de"),
        ("Иван@почта.рф", "иван@xn--80a1acny.xn--p1ai"),
        ("\u0415\u0308лка@mail.ru", "ёлка@mail.ru"),  # е and two dots, as some keyboards write it
        (f"{'я' * 32}@mail.ru", f"{'я' * 32}@mail.ru"),
        ("user@shop.local", "user@shop.local"),
        (f"{'a' * 64}@mail.ru", f"{'a' * 64}@mail.ru"),
    ],
)
def test_one_mailbox_has_one_spelling(written: str, spelt: str) -> None:
    assert normalised(written) == spelt


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "ivanov",
        "@mail.ru",
        "ivanov@",
        "ivanov@mail",
        "ivanov@@mail.ru",
        "a b@mail.ru",
        ".a@mail.ru",
        "a..b@mail.ru",
        "a@mail..ru",
        "a@-mail.ru",
        "a@mail.ru, b@mail.ru",
        "Иван <a@mail.ru>",
        "a@mail.ru\r\nBcc: b@mail.ru",
        "a@ma\x00il.ru",
        f"{'a' * 65}@mail.ru",
        f"{'я' * 33}@mail.ru",
        "и ван@mail.ru",
        "и\u00a0ван@mail.ru",
        "и\u200bван@mail.ru",
        "и\u202eван@mail.ru",
        "иван@mail.ru\r\nBcc: b@mail.ru",
        f"a@{'b' * 64}.ru",
        f"a@{'я' * 64}.рф",
        f"a@{'b.' * 126}ru",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "\ud83d@mail.ru",
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(written: str) -> None:
    with pytest.raises(Refused, match="is not valid: ") as refused:
        normalised(written)
    assert refused.value.values["error"]


def test_an_endless_address_is_not_repeated_endlessly() -> None:
    with pytest.raises(Refused) as refused:
        normalised("a" * 100_000)
    assert len(str(refused.value)) < 500


@given(st.emails() | st.text(max_size=30).map("{}@почта.рф".format) | st.text(max_size=60))
def test_spelling_it_twice_changes_nothing(written: str) -> None:
    try:
        spelt = normalised(written)
    except Refused:
        return
    assert normalised(spelt) == spelt
    assert len(spelt) <= 254
    assert domain_of(spelt).isascii()


def test_the_domain_is_what_stands_after_the_last_at() -> None:
    assert domain_of("ivanov@mail.ru") == "mail.ru"
