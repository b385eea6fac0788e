"""PHP's serialize() is read to the byte, and whatever is not whole is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.bitrix_mysql.php import unserialized


def php(value: Any, charset: str = "utf-8") -> str:
    """What PHP's serialize() makes of `value`."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value!r};"
    if isinstance(value, str):
        return f's:{len(value.encode(charset))}:"{value}";'
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return f"a:{len(value)}:{{{''.join(php(key, charset) + php(item, charset) for key, item in pairs)}}}"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner, min_size=1),
    max_leaves=20,
)


@given(VALUES)
def test_what_php_wrote_is_read_back(value: Any) -> None:
    assert unserialized(php(value)) == value


def test_lengths_count_bytes_of_the_sites_charset() -> None:
    assert unserialized('a:1:{s:4:"NAME";s:4:"Иван";}', "cp1251") == {"NAME": "Иван"}
    assert unserialized('a:1:{s:4:"NAME";s:8:"Иван";}') == {"NAME": "Иван"}


def test_an_object_is_its_fields() -> None:
    assert unserialized('O:8:"stdClass":1:{s:1:"a";i:5;}') == {"a": 5}


@given(VALUES.filter(lambda value: isinstance(value, dict | list) and value), st.data())
def test_a_text_cut_off_is_refused(value: Any, data: st.DataObject) -> None:
    whole = php(value)
    with pytest.raises(ValueError):
        unserialized(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "text",
    [
        *("", "нет", "i:1", 's:3:"ab";', 's:-1:"";', "x:1;", "i:1;i:2;"),
        *("a:1:{i:0;i:1;", "a:1:{a:0:{}i:1;}", "a:9999999999:{}", "a:1:{i:0;" * 1000 + "N;" + "}" * 1000),
    ],
)
def test_what_is_no_serialize_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unserialized(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        unserialized(text)
    except ValueError:
        return
