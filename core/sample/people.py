"""Users of the sample shop, ordinary ones and every trap that real Bitrix bases hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from core.sample.rows import ZERO_DATE, Rows, php
from core.sample.words import CITIES, FAMILIES, FATHERS, MEN, WOMEN, family, latin, patronymic

BORN_TODAY = 5
DOMAINS = ("example.com", "mail.example.com", "example.org", "post.example.org", "example.net")
ANONYMOUS = 3  # b_option sale/anonymous_user_id


def people(rows: Rows, users: int) -> tuple[str, ...]:
    """Write `users` people; the addresses of exactly those who must be greeted on the day."""
    _groups(rows)
    _user(rows, LOGIN="admin", EMAIL="admin@example.com", NAME="Администратор", groups=(1,))
    _user(rows, LOGIN="bot", EMAIL="bot@example.com", NAME="Бот", EXTERNAL_AUTH_ID="bot", PERSONAL_BIRTHDAY=_born(rows))
    _anonymous(rows)
    greeted = [_ordinary(rows, birthday=_born(rows)) for _ in range(BORN_TODAY)]
    for year in (1988, 1996):
        _ordinary(rows, birthday=date(year, 2, 29))
    _traps(rows)
    while len(rows.of("b_user")) < users:
        _ordinary(rows, birthday=_birthday(rows))
    _user_fields(rows)
    return tuple(sorted(greeted))


def _groups(rows: Rows) -> None:
    for number, name in ((1, "Администраторы"), (2, "Все пользователи"), (5, "Зарегистрированные"), (9, "Оптовики")):
        rows.add("b_group", ID=number, NAME=name, ACTIVE="Y", TIMESTAMP_X=rows.end)


def _born(rows: Rows) -> date:
    """A birthday that is celebrated today."""
    year = rows.random.randint(1955, 2004)
    month, day = rows.today.month, rows.today.day
    return date(year - year % 4 if (month, day) == (2, 29) else year, month, day)


def _birthday(rows: Rows) -> date | str | None:
    """Not today's (nor, on 28 February, the 29th); one in seven did not say."""
    chance = rows.random.random()
    if chance < 0.15:
        return ZERO_DATE if chance < 0.01 else None
    while True:
        born = date(1950, 1, 1) + timedelta(days=rows.random.randint(0, 55 * 365))
        if (born.month, born.day) not in {(rows.today.month, rows.today.day), (2, 29)}:
            return born


def _ordinary(rows: Rows, *, birthday: date | str | None, **changes: Any) -> str:
    """A person who registered on the site; the address in lower case."""
    random = rows.random
    woman = random.random() < 0.58
    name, last = random.choice(WOMEN if woman else MEN), family(random.choice(FAMILIES), woman=woman)
    number = len(rows.of("b_user")) + 1
    login = f"{latin(name)[:12]}.{latin(last)[:16]}{number}"
    email = f"{login}@{random.choice(DOMAINS)}"
    registered = rows.moment(days=180) if random.random() < 0.7 else rows.moment(days=1500, since=180)
    values: dict[str, Any] = {
        "LOGIN": login,
        "EMAIL": email,
        "NAME": name,
        "LAST_NAME": last,
        "SECOND_NAME": patronymic(random.choice(FATHERS), woman=woman) if random.random() < 0.6 else "",
        "PERSONAL_GENDER": random.choice(("F" if woman else "M", "F" if woman else "M", "")),
        "PERSONAL_BIRTHDAY": birthday,
        "PERSONAL_CITY": random.choice(CITIES),
        "PERSONAL_MOBILE": f"+7 9{random.randint(10, 99)} {random.randint(1000000, 9999999)}",
        "DATE_REGISTER": registered,
        "LAST_LOGIN": _last_login(rows, registered),
    }
    _user(rows, **values | changes)
    return email


def _last_login(rows: Rows, registered: datetime) -> datetime | None:
    if rows.random.random() < 0.08:
        return None
    span = (rows.end - registered).total_seconds()
    return registered + timedelta(seconds=int(span * rows.random.random() ** 0.6))


def _user(rows: Rows, *, groups: tuple[int, ...] = (5,), **values: Any) -> int:
    registered = values.setdefault("DATE_REGISTER", rows.end - timedelta(days=1500))
    login = values.setdefault("LAST_LOGIN", registered)
    number = rows.add(
        "b_user",
        **{"ACTIVE": "Y", "BLOCKED": "N", "LID": "s1", "PASSWORD": "*", "EXTERNAL_AUTH_ID": None, "CONFIRM_CODE": None}
        | {"LAST_ACTIVITY_DATE": login, "TIMESTAMP_X": registered, "PERSONAL_BIRTHDAY": None}
        | values,
    )
    for group in groups:
        rows.add("b_user_group", USER_ID=number, GROUP_ID=group, DATE_ACTIVE_FROM=None, DATE_ACTIVE_TO=None)
    return number


def _anonymous(rows: Rows) -> None:
    """The shared technical user on which guests' orders hang (sale/general/basket.php GetAnonymousUserID)."""
    number = _user(
        rows,
        LOGIN="anonymous_1",
        EMAIL="anonymous_1@example.com",
        ACTIVE="N",
        EXTERNAL_AUTH_ID="saleanonymous",
        groups=(),
    )
    assert number == ANONYMOUS
    rows.add("b_option", MODULE_ID="sale", NAME="anonymous_user_id", VALUE=str(ANONYMOUS))


def _traps(rows: Rows) -> None:
    born = _born(rows)
    never_greeted: tuple[dict[str, Any], ...] = (
        {"ACTIVE": "N"},
        {"BLOCKED": "Y"},
        {"ACTIVE": "N", "CONFIRM_CODE": "a1b2c3d4"},  # has not confirmed the registration
        {"EXTERNAL_AUTH_ID": "imconnector"},
        {"EXTERNAL_AUTH_ID": "sale"},
        {"EMAIL": ""},
        {"EMAIL": None},
        {"EMAIL": "ivan@@mail"},
        {"EMAIL": "нет почты"},
    )
    for changes in never_greeted:
        _ordinary(rows, birthday=born, **changes)
    other = date(1990, 1, 15) if rows.today.month != 1 else date(1990, 7, 15)
    for changes in (
        {"EXTERNAL_AUTH_ID": "shop"},  # bought without registering: a real buyer
        {"EXTERNAL_AUTH_ID": "socservices"},
        {"EMAIL": "  Big.Letters@Example.COM "},
        {"EMAIL": "family@example.com"},
        {"EMAIL": "Family@example.com"},
        {"NAME": "Ольга :f09f9880:"},
        {"NAME": "<b>Иван</b>"},
        {"NAME": "", "LAST_NAME": ""},
    ):
        _ordinary(rows, birthday=other, **changes)


_FIELDS = (
    ("UF_BONUS", "double", "N"),
    ("UF_NEWS", "boolean", "N"),
    ("UF_SEGMENT", "enumeration", "N"),
    ("UF_ANNIVERSARY", "date", "N"),
    ("UF_TAGS", "string", "Y"),
)
SEGMENTS = ("Новый", "Постоянный", "Уходящий")


def _user_fields(rows: Rows) -> None:
    for name, kind, multiple in _FIELDS:
        rows.add("b_user_field", ENTITY_ID="USER", FIELD_NAME=name, USER_TYPE_ID=kind, MULTIPLE=multiple)
    for number, segment in enumerate(SEGMENTS, start=1):
        rows.add("b_user_field_enum", ID=number, USER_FIELD_ID=3, VALUE=segment, XML_ID=f"s{number}")
    for user in rows.of("b_user"):
        if user["EXTERNAL_AUTH_ID"] is None and rows.random.random() < 0.7:
            _values(rows, int(user["ID"]))


def _values(rows: Rows, user: int) -> None:
    random = rows.random
    tags = random.sample(("чай", "кофе", "дети", "дача", "ремонт"), random.randint(0, 3))
    rows.add(
        "b_uts_user",
        VALUE_ID=user,
        UF_BONUS=random.randint(0, 3000),
        UF_NEWS=random.randint(0, 1),
        UF_SEGMENT=random.choice((1, 2, 3, None)),
        UF_ANNIVERSARY=date(2015, 1, 1) + timedelta(days=random.randint(0, 3000)),
        UF_TAGS=php(tags) if tags else None,
    )
    for tag in tags:
        rows.add("b_utm_user", VALUE_ID=user, FIELD_ID=5, VALUE=tag)
