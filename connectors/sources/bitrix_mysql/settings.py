"""What an admin says of a Bitrix shop: the schema of ``[sources.NAME]``."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from core import plugin
from core.config import known_timezone

_BACKENDS = {"mysql", "mariadb", "sqlite"}


class AddressFields(plugin.Settings):
    """Where a form or an infoblock keeps addresses."""

    email: str = Field(min_length=1, description="SID of the form's field, or CODE of the infoblock's property")
    name: str = Field(default="", description="the same for the name of the person; empty: nobody knows it")


class Settings(plugin.Settings):
    """Where the shop's database is, and how to understand it."""

    url: SecretStr = Field(description="SQLAlchemy URL: mysql+pymysql://user:password@host/base")
    coupon_url: SecretStr = Field(
        default=SecretStr(""),
        description="URL of the user that may write coupons, see docs/mysql.md; empty: no coupons are made",
    )
    site: str = Field(default="", max_length=2, description="LID of one site; empty: all sites of the database")
    timezone: str = Field(default="Europe/Moscow", description="date.timezone of the shop's PHP")
    charset: str = Field(default="utf8mb4", description="charset of the connection")
    php_charset: str = Field(default="utf-8", description="charset of the site's PHP files; old sites: cp1251")
    language: str = Field(default="ru", description="LANGUAGE_ID of the names of order statuses")
    price_type: str = Field(default="", description="NAME of the price type; empty: the BASE one")
    completed_statuses: list[str] = Field(default=["F"], description="order statuses that mean: done, delivered")
    infoblocks: list[int] = Field(
        default=[], description="ids of product infoblocks; empty: all of the trade catalogue"
    )
    forms: dict[str, AddressFields] = Field(
        default={}, description="SID or id of a web form → its fields; empty: every form that has a field for e-mail"
    )
    addresses: dict[int, AddressFields] = Field(
        default={}, description="id of an infoblock whose elements are subscribers → its properties"
    )
    examined_rows: int = Field(
        default=100_000,
        ge=0,
        description="ids of one table that one pull looks through for changes that no index dates; a larger table is "
        "gone round in several pulls (1,000,000 people at a pull every 5 minutes: in 50 minutes)",
    )
    busy_threads: int = Field(
        default=20, ge=1, description="while more threads run on the shop's server, reading waits (a minute at most)"
    )
    statement_seconds: float = Field(default=60, gt=0, description="the shop's database gives up a slower statement")

    @field_validator("url", "coupon_url")
    @classmethod
    def _readable(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.field_name == "coupon_url" and not value.get_secret_value():
            return value
        try:
            backend = sa.make_url(value.get_secret_value()).get_backend_name()
        except sa.exc.ArgumentError:
            raise ValueError("is not a database URL; example: mysql+pymysql://user:password@host/base") from None
        if backend not in _BACKENDS:
            raise ValueError(f"{backend} is not a database of Bitrix; example: mysql+pymysql://user:password@host/base")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_timezone(value)
