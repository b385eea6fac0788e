"""PHP's serialize(), read: Bitrix keeps arrays that way in many text columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DEPTH = 32


def unserialized(text: str, charset: str = "utf-8") -> Any:
    """The value in `text`; arrays are dicts, or lists where their keys are 0, 1, 2 …; objects are dicts.

    Lengths of strings count bytes of `charset`: the one in which the site was written. Raises ValueError, also for a
    text cut off in the middle (b_sale_order_change.DATA holds 512 characters).
    """
    data = text.encode(charset, "surrogateescape")
    try:
        value, end = _value(data, 0, charset, _DEPTH)
    except (IndexError, UnicodeError) as error:
        raise ValueError(f"not a whole serialize() text: {text[:40]!r}") from error
    if data[end:].strip():
        raise ValueError(f"something follows the value at byte {end}")
    return value


def _value(data: bytes, at: int, charset: str, depth: int) -> tuple[Any, int]:
    kind = data[at : at + 2]
    if not depth:
        raise ValueError("nested too deep")
    if kind == b"N;":
        return None, at + 2
    if kind in _SCALARS:
        word, end = _until(data, at + 2, b";")
        return _SCALARS[kind](word), end
    if kind == b"s:":
        return _string(data, at + 2, charset)
    if kind == b"a:":
        return _array(data, at + 2, charset, depth)
    if kind == b"O:":
        _, end = _until(data, at + 2, b":")
        _, end = _until(data, end, b":")  # the class
        return _array(data, end, charset, depth)
    raise ValueError(f"{kind!r} at byte {at} is no type of serialize()")


_SCALARS: dict[bytes, Callable[[bytes], Any]] = {b"i:": int, b"d:": float, b"b:": lambda word: word == b"1"}


def _until(data: bytes, at: int, mark: bytes) -> tuple[bytes, int]:
    end = data.index(mark, at)
    return data[at:end], end + 1


def _string(data: bytes, at: int, charset: str) -> tuple[str, int]:
    length, at = _until(data, at, b":")
    end = at + 1 + int(length)
    if int(length) < 0 or data[at : at + 1] + data[end : end + 2] != b'"";':
        raise ValueError(f"the string at byte {at} is not {int(length)} bytes long")
    return data[at + 1 : end].decode(charset, "surrogateescape"), end + 2


def _array(data: bytes, at: int, charset: str, depth: int) -> tuple[Any, int]:
    count, at = _until(data, at, b":")
    found: dict[Any, Any] = {}
    at += 1
    for _ in range(int(count)):
        key, at = _value(data, at, charset, depth - 1)
        if not isinstance(key, int | str):
            raise ValueError(f"{key!r} cannot be the key of an array")
        found[key], at = _value(data, at, charset, depth - 1)
    if data[at : at + 1] != b"}":
        raise ValueError(f"the array before byte {at} does not end")
    return (list(found.values()) if list(found) == list(range(len(found))) else found), at + 1
