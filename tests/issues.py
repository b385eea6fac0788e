"""A mailing and its weekly issue, for tests that compose letters without definitions; tests replace what differs."""

from __future__ import annotations

from datetime import timedelta

from core.links import Utm
from core.mailings import Issue, Mailing
from tests.conftest import NOW

MAILING = Mailing("news", "Новости", "Домовой <news@shop.ru>", "", ("all",), (), Utm(), "standard", track=False)
ISSUE = Issue(
    code="weekly",
    mailing="news",
    name="Неделя",
    letter="own",
    subject="Неделя",
    preheader="",
    schedule="",
    timezone="Europe/Moscow",
    catch_up=timedelta(hours=12),
    max_age=timedelta(minutes=5),
    utm=Utm(),
    active=True,
    scheduled_from=NOW,
)
