"""Who agreed to letters and who left: the modules subscribe and sender, blacklists, web forms, waiting for goods."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.sample.goods import Good
from core.sample.orders import COUPON_DISCOUNT
from core.sample.rows import Rows

NEWS, SALES = 1, 2  # rubrics of module subscribe
BOUGHT_LIST = 1  # a list of module sender
MAILINGS = (1, 2)


def lists(rows: Rows, shelf: list[Good], greeted: tuple[str, ...]) -> None:
    """Write them for a part of the users; nobody of `greeted` has left or is blacklisted."""
    people = [user for user in rows.of("b_user") if user["ACTIVE"] == "Y" and "@" in (user["EMAIL"] or "")]
    free = [user for user in people if user["EMAIL"].strip().lower() not in greeted]
    _subscribe(rows, rows.random.sample(free, len(free) // 6))
    _sender(rows, rows.random.sample(free, len(free) // 5))
    _blacklist(rows, rows.random.sample(free, 6))
    _form(rows, rows.random.sample(people, 12))
    _waiting(rows, rows.random.sample(people, 30), shelf)
    _coupons(rows)


def _subscribe(rows: Rows, people: list[dict[str, Any]]) -> None:
    """Active and confirmed ones, those who left, those who never confirmed, and guests."""
    for number, code, name in ((NEWS, "news", "Новости"), (SALES, "sales", "Распродажи")):
        rows.add("b_list_rubric", ID=number, LID="s1", CODE=code, NAME=name, ACTIVE="Y", VISIBLE="Y")
    guests: list[dict[str, Any]] = [{"ID": None, "EMAIL": f"reader{number}@example.net"} for number in range(20)]
    guests.append({"ID": None, "EMAIL": "READER0@example.net"})  # no key forbids it: USER_ID is NULL
    for person in people + guests:
        at, chance = rows.between(rows.begin, rows.end), rows.random.random()
        number = rows.add("b_subscription", DATE_INSERT=at, DATE_UPDATE=at, USER_ID=person["ID"], DATE_CONFIRM=at,
                          EMAIL=person["EMAIL"], FORMAT="html", ACTIVE="N" if chance < 0.1 else "Y",
                          CONFIRMED="N" if 0.1 < chance < 0.2 else "Y", CONFIRM_CODE="12345678")  # fmt: skip
        for rubric in rows.random.choice(((NEWS,), (SALES,), (NEWS, SALES), ())):
            rows.add("b_subscription_rubric", SUBSCRIPTION_ID=number, LIST_RUBRIC_ID=rubric)


def _sender(rows: Rows, people: list[dict[str, Any]]) -> None:
    """Contacts of module sender: some left one mailing, some all of them, some are blacklisted; phones lie beside."""
    rows.add("b_sender_list", ID=BOUGHT_LIST, NAME="С выставки", CODE="fair")
    for number, name in zip(MAILINGS, ("Новинки", "Акции"), strict=True):
        rows.add("b_sender_mailing", ID=number, NAME=name, ACTIVE="Y", SITE_ID="s1", DATE_INSERT=rows.begin)
        rows.add("b_sender_posting", ID=number, MAILING_ID=number, MAILING_CHAIN_ID=number, STATUS="S",
                 DATE_CREATE=rows.begin, DATE_SENT=rows.begin)  # fmt: skip
    strangers = [{"ID": None, "EMAIL": f"fair{number}@example.org", "NAME": "Гость 🌷"} for number in range(15)]
    for person in people + strangers:
        _contact(rows, person)
    rows.add("b_sender_contact", TYPE_ID=2, CODE="79001234567", NAME="Телефон", DATE_INSERT=rows.begin)


def _contact(rows: Rows, person: dict[str, Any]) -> None:
    at, chance = rows.between(rows.begin, rows.end), rows.random.random()
    contact = rows.add("b_sender_contact", TYPE_ID=1, CODE=person["EMAIL"].strip().lower(),
                       NAME=person["NAME"], USER_ID=person["ID"], DATE_INSERT=at, DATE_UPDATE=at,
                       BLACKLISTED="Y" if chance < 0.03 else "N", IS_UNSUB="Y" if 0.03 < chance < 0.06 else "N",
                       CONSENT_STATUS=rows.random.choice("NYYW"))  # fmt: skip
    if person["ID"] is None:
        rows.add("b_sender_contact_list", CONTACT_ID=contact, LIST_ID=BOUGHT_LIST)
    if chance > 0.5:
        return
    mailing, left = rows.random.choice(MAILINGS), "Y" if chance < 0.15 else "N"
    rows.add("b_sender_mailing_subscription", MAILING_ID=mailing, CONTACT_ID=contact, DATE_INSERT=at, IS_UNSUB=left)
    recipient = rows.add("b_sender_posting_recipient", POSTING_ID=mailing, CONTACT_ID=contact, STATUS="Y", DATE_SENT=at,
                         DATE_UPDATE=at, USER_ID=person["ID"], IS_READ="Y" if chance > 0.3 else "N",
                         IS_UNSUB=left)  # fmt: skip
    if left == "Y":
        rows.add("b_sender_posting_unsub", RECIPIENT_ID=recipient, POSTING_ID=mailing, DATE_INSERT=at)


def _blacklist(rows: Rows, people: list[dict[str, Any]]) -> None:
    """The blacklist of the whole site; one complaint."""
    for code in sorted({person["EMAIL"].strip().lower() for person in people}):
        rows.add("b_main_mail_blacklist", DATE_INSERT=rows.between(rows.begin, rows.end), CATEGORY_ID=1, CODE=code)
    rows.add("b_sender_abuse", TEXT="Это спам", CONTACT_ID=1, CONTACT_TYPE_ID=1, CONTACT_CODE=people[0]["EMAIL"],
             DATE_INSERT=rows.between(rows.begin, rows.end))  # fmt: skip


def _form(rows: Rows, people: list[dict[str, Any]]) -> None:
    """A question to the shop: what was typed, and what was ticked."""
    rows.add("b_form", ID=1, NAME="Вопрос магазину", SID="QUESTION")
    rows.add("b_form_status", ID=1, FORM_ID=1, TITLE="Новый", DEFAULT_VALUE="Y")
    for number, code, title, kind, kind_of_title in (
        (1, "EMAIL", "Ваша почта", "email", "text"),
        (2, "TEXT", "<b>Вопрос</b>", "textarea", "html"),
        (3, "NEWS", "Присылать новости", "checkbox", "text"),
    ):
        rows.add("b_form_field", ID=number, FORM_ID=1, SID=code, TITLE=title, TITLE_TYPE=kind_of_title)
        rows.add("b_form_answer", ID=number, FIELD_ID=number, FIELD_TYPE=kind, MESSAGE="Да" if number == 3 else " ",
                 VALUE="yes" if number == 3 else None)  # fmt: skip
    for person in people:
        at = rows.between(rows.begin, rows.end)
        result = rows.add("b_form_result", FORM_ID=1, STATUS_ID=1, USER_ID=person["ID"], USER_AUTH="Y", DATE_CREATE=at,
                          TIMESTAMP_X=at)  # fmt: skip
        answers = {"RESULT_ID": result, "FORM_ID": 1}
        for field, text in ((1, person["EMAIL"]), (2, "Когда привезут?")):
            rows.add("b_form_result_answer", **answers, FIELD_ID=field, ANSWER_ID=field, USER_TEXT=text,
                     USER_TEXT_SEARCH=text.upper())  # fmt: skip
        if rows.random.random() < 0.5:
            rows.add("b_form_result_answer", **answers, FIELD_ID=3, ANSWER_ID=3, ANSWER_TEXT="Да", ANSWER_VALUE="yes")


def _waiting(rows: Rows, people: list[dict[str, Any]], shelf: list[Good]) -> None:
    """Who asked to be told when a good is back: users, guests, and some whose wish is over."""
    for person in people:
        at = rows.between(rows.end - timedelta(days=60), rows.end)
        known = rows.random.random() < 0.7
        rows.add("b_catalog_subscribe", DATE_FROM=at, DATE_TO=at if rows.random.random() < 0.2 else None,
                 USER_CONTACT=person["EMAIL"].strip() if known else f"wish{person['ID']}@example.net", CONTACT_TYPE=1,
                 USER_ID=person["ID"] if known else None, ITEM_ID=rows.random.choice(shelf).id, NEED_SENDING="N",
                 SITE_ID="s1")  # fmt: skip


def _coupons(rows: Rows) -> None:
    """Coupons that nobody has used: a fresh one, one that ran out, one for many uses, and one of an invalid type."""
    for code, kind, until in (
        ("SL-FRESH-0000001", 2, rows.end + timedelta(days=30)),
        ("SL-STALE-0000002", 2, rows.end - timedelta(days=30)),
        ("vesna", 4, None),
        ("SL-WRONG-0000003", 0, None),
    ):
        rows.add("b_sale_discount_coupon", DISCOUNT_ID=COUPON_DISCOUNT, ACTIVE="Y", COUPON=code, TYPE=kind,
                 MAX_USE=1 if kind == 2 else 0, USE_COUNT=0, USER_ID=0, ACTIVE_TO=until,
                 DATE_CREATE=rows.end - timedelta(days=60), DESCRIPTION="news@example.com")  # fmt: skip
