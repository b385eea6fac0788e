"""Users of the sample shop: who they are, when they registered, their groups and their own UF_ fields."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from core.sample import traps
from core.sample.rows import ZERO_DATE, ZERO_MOMENT, Rows, php
from core.sample.traps import Plan
from core.sample.words import CITIES, FAMILIES, FATHERS, MEN, WOMEN, family, latin, patronymic

BORN_TODAY = 5
DOMAINS = ("example.com", "mail.example.com", "example.org", "post.example.org", "example.net")
ANONYMOUS = 3  # b_option sale/anonymous_user_id
REGISTERED, WHOLESALE, CLOSED_CLUB = 5, 9, 10  # groups
SEGMENTS = ("Новый", "Постоянный", "Уходящий")


def people(rows: Rows, users: int) -> tuple[str, ...]:
    """Write `users` people in the order in which they registered; the addresses of those to be greeted on the day."""
    _groups(rows)
    user(rows, LOGIN="admin", EMAIL="admin@example.com", NAME="Администратор", groups=(1,))
    user(rows, LOGIN="bot", EMAIL="bot@example.com", NAME="Бот", EXTERNAL_AUTH_ID="bot", groups=())
    _anonymous(rows)
    plans = [Plan(traps.born_today(rows), greeted=True) for _ in range(BORN_TODAY)] + list(traps.plans(rows))
    plans += [Plan(_birthday(rows)) for _ in range(users - len(rows.of("b_user")) - len(plans))]
    rows.random.shuffle(plans)
    greeted = set()
    for plan, registered in zip(plans, sorted(_registered(rows) for _ in plans), strict=True):
        number = ordinary(rows, registered, birthday=plan.birthday, **plan.changes)
        if plan.greeted:
            greeted.add(str(rows.of("b_user")[number - 1]["EMAIL"]).strip().lower())
    _user_fields(rows)
    return tuple(sorted(greeted))


def _groups(rows: Rows) -> None:
    for number, name, code in (
        (1, "Администраторы", None),
        (2, "Все пользователи", None),
        (REGISTERED, "Зарегистрированные", "REGISTERED_USERS"),
        (WHOLESALE, "Оптовики", "wholesale"),
        (CLOSED_CLUB, "Закрытый клуб", "club"),
    ):
        active = "N" if number == CLOSED_CLUB else "Y"
        rows.add("b_group", ID=number, NAME=name, ACTIVE=active, STRING_ID=code, TIMESTAMP_X=rows.begin)


def _registered(rows: Rows) -> datetime:
    """Two in three came in the last half a year."""
    if rows.random.random() < 0.66:
        return rows.between(rows.begin, rows.end)
    return rows.between(rows.end - timedelta(days=1500), rows.begin)


def _birthday(rows: Rows) -> date | str | None:
    """Not today's, nor 29 February; one in seven did not say."""
    chance = rows.random.random()
    if chance < 0.15:
        return ZERO_DATE if chance < 0.01 else None
    while True:
        born = date(1950, 1, 1) + timedelta(days=rows.random.randint(0, 55 * 365))
        if (born.month, born.day) not in {(rows.today.month, rows.today.day), (2, 29)}:
            return born


def ordinary(rows: Rows, registered: datetime, *, birthday: date | str | None, **changes: Any) -> int:
    """A person who registered on the site at that moment; the ID."""
    random = rows.random
    woman = random.random() < 0.58
    name, last = random.choice(WOMEN if woman else MEN), family(random.choice(FAMILIES), woman=woman)
    login = f"{latin(name)[:12]}.{latin(last)[:16]}{rows.next_id('b_user')}"
    values: dict[str, Any] = {
        "LOGIN": login,
        "EMAIL": f"{login}@{random.choice(DOMAINS)}",
        "NAME": name,
        "LAST_NAME": last,
        "SECOND_NAME": patronymic(random.choice(FATHERS), woman=woman) if random.random() < 0.6 else "",
        "PERSONAL_GENDER": random.choice(("F" if woman else "M", "F" if woman else "M", "")),
        "PERSONAL_BIRTHDAY": birthday,
        "EXTERNAL_AUTH_ID": random.choice((None, None, "")),  # "empty" is either, by the age of the row
        "PERSONAL_CITY": random.choice(CITIES),
        "PERSONAL_MOBILE": f"+7 9{random.randint(10, 99)} {random.randint(1000000, 9999999)}",
        "DATE_REGISTER": registered,
        "LAST_LOGIN": _last_login(rows, registered),
    }
    return user(rows, **values | changes)


def _last_login(rows: Rows, registered: datetime) -> datetime | None:
    if registered > rows.end:
        return registered
    if rows.random.random() < 0.08:
        return None
    return registered + timedelta(seconds=int((rows.end - registered).total_seconds() * rows.random.random() ** 0.6))


def user(rows: Rows, *, groups: tuple[int, ...] = (REGISTERED,), **values: Any) -> int:
    """A row of b_user with its groups; the ID."""
    registered = values.setdefault("DATE_REGISTER", rows.end - timedelta(days=1501))
    login = values.setdefault("LAST_LOGIN", registered)
    number = rows.add(
        "b_user",
        **{"ACTIVE": "Y", "BLOCKED": "N", "LID": "s1", "PASSWORD": "*", "EXTERNAL_AUTH_ID": None, "CONFIRM_CODE": None}
        | {"LAST_ACTIVITY_DATE": login, "TIMESTAMP_X": registered, "PERSONAL_BIRTHDAY": None, "PERSONAL_MOBILE": ""}
        | values,
    )
    for group in groups:
        rows.add("b_user_group", USER_ID=number, GROUP_ID=group, DATE_ACTIVE_FROM=None, DATE_ACTIVE_TO=None)
    if REGISTERED in groups and number % 40 == 0:
        until = (None, rows.end - timedelta(days=30), rows.end + timedelta(days=300))[number // 40 % 3]
        rows.add("b_user_group", USER_ID=number, GROUP_ID=WHOLESALE, DATE_ACTIVE_FROM=ZERO_MOMENT, DATE_ACTIVE_TO=until)
        rows.add("b_user_group", USER_ID=number, GROUP_ID=CLOSED_CLUB, DATE_ACTIVE_FROM=None, DATE_ACTIVE_TO=None)
    return number


def _anonymous(rows: Rows) -> None:
    """The shared technical user on which guests' orders hang (sale/general/basket.php GetAnonymousUserID)."""
    number = user(
        rows,
        LOGIN="anonymous_1",
        EMAIL="anonymous_1@example.com",
        ACTIVE="N",
        EXTERNAL_AUTH_ID="saleanonymous",
        groups=(),
    )
    assert number == ANONYMOUS
    rows.add("b_option", MODULE_ID="sale", NAME="anonymous_user_id", VALUE=str(ANONYMOUS))


_FIELDS = (
    ("UF_BONUS", "double", "N", "Бонусы"),
    ("UF_NEWS", "boolean", "N", "Согласие на новости"),
    ("UF_SEGMENT", "enumeration", "N", "Сегмент"),
    ("UF_ANNIVERSARY", "date", "N", "Годовщина"),
    ("UF_TAGS", "string", "Y", "Интересы"),
    ("UF_CARD", "string", "N", "Номер карты"),
    ("UF_LAST_CALL", "datetime", "N", "Последний звонок"),
)


def _user_fields(rows: Rows) -> None:
    for name, kind, multiple, title in _FIELDS:
        number = rows.add("b_user_field", ENTITY_ID="USER", FIELD_NAME=name, USER_TYPE_ID=kind, MULTIPLE=multiple)
        rows.add("b_user_field_lang", USER_FIELD_ID=number, LANGUAGE_ID="ru", EDIT_FORM_LABEL=title)
    for number, segment in enumerate(SEGMENTS, start=1):
        rows.add("b_user_field_enum", ID=number, USER_FIELD_ID=3, VALUE=segment, XML_ID=f"s{number}")
    for person in rows.of("b_user"):
        if not person["EXTERNAL_AUTH_ID"] and rows.random.random() < 0.7:
            _values(rows, int(person["ID"]))
            rows.add("b_user_phone_auth", USER_ID=person["ID"], PHONE_NUMBER=f"+7900{person['ID']:07}",
                     CONFIRMED=rows.random.choice("YYN"), DATE_SENT=person["DATE_REGISTER"])  # fmt: skip


def _values(rows: Rows, number: int) -> None:
    random = rows.random
    tags = random.sample(("чай", "кофе", "дети", "дача", "ремонт"), random.randint(0, 3))
    rows.add(
        "b_uts_user",
        VALUE_ID=number,
        UF_BONUS=random.randint(0, 3000),
        UF_NEWS=random.randint(0, 1),
        UF_SEGMENT=random.choice((1, 2, 3, None)),
        UF_ANNIVERSARY=date(2015, 1, 1) + timedelta(days=random.randint(0, 3000)),
        UF_TAGS=php(tags) if tags else None,
        UF_CARD=f"{number:08}" if random.random() < 0.5 else "",
        UF_LAST_CALL=rows.between(rows.begin, rows.end) if random.random() < 0.2 else None,
    )
    for tag in tags:
        rows.add("b_utm_user", VALUE_ID=number, FIELD_ID=5, VALUE=tag)
