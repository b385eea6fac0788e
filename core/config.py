"""The settings of one installation: ``vestnik.toml``, then the environment, then files of secrets.

A value is looked for in ``VESTNIK_SECTION__KEY`` of the environment, then in the secrets folder (a file named
``section__key``; ``secrets/`` beside the TOML file, or ``VESTNIK_SECRETS``), in the TOML file, and in the defaults.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from core import schedule
from core.errors import N_, Misconfigured, VestnikError, together
from core.frequency import Caps as Caps
from core.frequency import Frequency as Frequency
from core.frequency import Hours as Hours

PREFIX = "VESTNIK_"


class Section(BaseModel):
    """A part of the settings: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    url: SecretStr = SecretStr("sqlite:///vestnik.db")


class Broker(Section):
    url: SecretStr = SecretStr("memory://")
    queue: str = Field(default="vestnik", pattern=r"^[A-Za-z0-9_.-]{1,64}$")  # its own for each installation

    @field_validator("url")
    @classmethod
    def _known(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0]
        if scheme not in {"memory", "redis", "rediss", "amqp", "amqps"}:
            raise _bad(N_("must start with memory://, redis://, rediss://, amqp:// or amqps://"))
        return value


class Smtp(Section):
    host: str = ""  # empty: the built-in mailbox
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["none", "starttls", "implicit"] = "none"
    user: str = ""
    password: SecretStr = SecretStr("")
    timeout_seconds: float = Field(default=30, gt=0)


class Mailbox(Section):
    port: int = Field(default=1025, ge=0, le=65535)
    folder: str = "mailbox"


class Site(Section):
    name: str = ""
    url: str = "http://127.0.0.1:8000"
    timezone: str = "Europe/Moscow"
    language: Literal["ru", "en"] = "ru"
    currency: str = Field(default="RUB", pattern="^[A-Z]{3}$")  # in which groups sum orders up
    sender: str = ""  # default From of mailings
    phone: str = ""
    address: str = ""
    logo_url: str = ""  # of about 160 × 40, shown in the head of letters
    colour: str = Field(default="#0b6b53", pattern="^#[0-9A-Fa-f]{6}$")  # of buttons and links
    social: dict[str, str] = {}  # what it is called → where it is
    utm_domains: list[str] = []  # whose links are marked beside the site's own; "*": all

    def __hash__(self) -> int:  # pages keep what they made for a site; a dictionary has no hash of its own
        return hash((self.name, self.url, self.timezone, self.language))

    def brand(self) -> dict[str, Any]:
        """What letters show of the site."""
        shown = ("name", "url", "phone", "address", "logo_url", "colour")
        return {name: getattr(self, name) for name in shown} | {"social": self.social}

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return http_url(value)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_timezone(value)


class Web(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    user: str = "admin"
    password: SecretStr = SecretStr("")  # empty: the admin's pages are for this machine only
    public_url: str = ""  # where people reach /p/…; empty: [site] url

    @field_validator("public_url")
    @classmethod
    def _http(cls, value: str) -> str:
        return http_url(value) if value else ""


class Deliver(Section):
    workers: int = Field(default=2, ge=1, le=64)
    batch: int = Field(default=100, ge=1, le=1000)  # letters composed at a time
    window: int = Field(default=1, ge=1, le=100)  # letters on the wire at a time: what a crash can make unknown
    lease_seconds: float = Field(default=60, gt=0)
    attempts: int = Field(default=5, ge=1, le=20)
    retry_seconds: float = Field(default=60, gt=0)


class Clock(Section):
    tick_seconds: float = Field(default=5, gt=0)
    pull_seconds: float = Field(default=300, gt=0)
    sweep: str = "daily at 02:30"  # when sources are read whole; "" = never by itself

    @field_validator("sweep")
    @classmethod
    def _timetable(cls, value: str) -> str:
        try:
            return schedule.parse(value, "UTC").text if value else ""
        except Misconfigured as error:
            raise ValueError(str(error)) from None


RuleId = Annotated[str, Field(min_length=1, max_length=64, coerce_numbers_to_str=True)]


class Coupons(Section):
    cap: int = Field(default=100_000, ge=0)  # outstanding ones a discount rule; 0: no limit
    rules: dict[int, RuleId] = {}  # percent → the shop's discount rule, for letters that name none


SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,48}$")]


class Config(Section):
    """All settings; `folder` is where relative paths start. `sources` are checked by their connectors."""

    database: Database = Database()
    broker: Broker = Broker()
    smtp: Smtp = Smtp()
    mailbox: Mailbox = Mailbox()
    site: Site = Site()
    web: Web = Web()
    deliver: Deliver = Deliver()
    clock: Clock = Clock()
    coupons: Coupons = Coupons()
    channels: dict[SourceName, dict[str, Any]] = Field(default={}, repr=False)  # beside "email"; for steps of scenarios
    hours: Hours = Hours()
    frequency: Frequency = Frequency()
    blocks: dict[str, dict[str, Any]] = {}  # settings that letters leave out, by block; checked by the blocks
    sources: dict[SourceName, dict[str, Any]] = Field(default={}, repr=False)  # passwords are still plain text here
    local_plugins: str = "local"
    folder: Path = Path()

    def path(self, name: str) -> Path:
        """`name` as a path, relative ones starting at the folder of the TOML file."""
        return (self.folder / name).resolve()

    @property
    def public_url(self) -> str:
        """Where people reach our public pages, those under /p/."""
        return self.web.public_url or self.site.url

    @property
    def database_url(self) -> str:
        """The database URL with a relative SQLite file made absolute."""
        return absolute_sqlite(self.database.url.get_secret_value(), self.folder)


def http_url(value: str) -> str:
    """`value` without a closing slash; ValueError when it is not an http(s) URL."""
    if not value.startswith(("http://", "https://")):
        raise _bad(N_("must start with http:// or https://"))
    return value.rstrip("/")


def known_timezone(name: str) -> str:
    """`name` if it is an IANA time zone; ValueError with near names otherwise."""
    if name in available_timezones():
        return name
    near = difflib.get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
    if near:
        raise _bad(N_("is not a known time zone (did you mean {near}?)"), near=", ".join(near))
    raise _bad(N_("is not a known time zone"))


def _bad(template: str, **values: Any) -> ValueError:
    """What a validator raises: pydantic wants a ValueError, readers want it in their language."""
    return ValueError(VestnikError(template, **values))


def absolute_sqlite(url: str, folder: Path) -> str:
    """`url` with a relative SQLite path resolved against `folder`; other URLs as they are."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix or url.startswith((prefix + "/", prefix + ":memory:")):
        return url
    return f"{prefix}{(folder / url.removeprefix(prefix)).resolve()}"


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings at `path`. Raises Misconfigured naming every unknown key and bad value."""
    environment = os.environ if environment is None else environment
    tree = _toml(path)
    folder = path.resolve().parent
    secrets = Path(environment.get(PREFIX + "SECRETS", folder / "secrets"))
    _overlay(tree, _secret_files(secrets))
    _overlay(tree, _environment(environment))
    tree.pop("folder", None)
    try:
        return Config.model_validate({**tree, "folder": folder})
    except ValidationError as error:
        raise Misconfigured(N_("{file}: {faults}"), file=path.name, faults=faults(error, Config)) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(
            N_("There is no settings file {path}. Write one with `vestnik init`, or name it with --config."),
            path=str(path),
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Misconfigured(N_("{file} is not readable TOML: {error}"), file=str(path), error=str(error)) from None


def _secret_files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    files = [file for file in sorted(folder.iterdir()) if "__" in file.name and file.is_file()]  # others: README …
    try:
        return {file.name.lower(): file.read_text("utf-8").strip() for file in files}
    except (OSError, UnicodeDecodeError) as error:  # what stands in the file must not be shown
        said = type(error).__name__
        raise Misconfigured(
            N_("A file of secrets in {folder} cannot be read: {error}"), folder=str(folder), error=said
        ) from None


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and "__" in name
    }


def _overlay(tree: dict[str, Any], values: Mapping[str, str]) -> None:
    """Put ``section__key`` values into the tree; a source's name is matched without regard to case."""
    for name, value in values.items():
        *path, last = name.split("__")
        place = tree
        for part in path:
            known = next((key for key in place if key.lower() == part), part)
            if not isinstance(place.get(known), dict):  # a text where a table belongs is said by the check that follows
                place[known] = {}
            place = place[known]
        place[last] = value


def faults(error: ValidationError, model: type[BaseModel]) -> VestnikError:
    """Every fault of `error` in a sentence: where, what, and what was probably meant."""
    return together([_fault(fault, model) for fault in error.errors()])


def faults_by_key(error: ValidationError) -> dict[str, VestnikError]:
    """What is wrong with each key, for a form to say beside its field."""
    found: dict[str, VestnikError] = {}
    for fault in error.errors():
        key, *inner = [str(part) for part in fault["loc"]] or [""]
        found.setdefault(key, VestnikError("{where}{what}", where=f"{inner[0]}: " if inner else "", what=_what(fault)))
    return found


def faults_by_path(error: ValidationError) -> dict[tuple[str, ...], VestnikError]:
    """What is wrong with each value, by where it stands."""
    errors = reversed(error.errors())
    return {tuple(map(str, fault["loc"])): VestnikError("{what}", what=_what(fault)) for fault in errors}


def _fault(fault: ErrorDetails, model: type[BaseModel]) -> VestnikError:
    path = [str(part) for part in fault["loc"]]
    if not path:  # a fault of several keys together
        return VestnikError("{what}.", what=_what(fault))
    where = f"[{'.'.join(path[:-1])}] {path[-1]}" if len(path) > 1 else path[-1]
    if fault["type"] == "extra_forbidden":
        return _unknown_key(where, path[-1], sorted(_fields(model, path[:-1])))
    return VestnikError("{where}: {what}.", where=where, what=_what(fault))


def _unknown_key(where: str, key: str, known: list[str]) -> VestnikError:
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return VestnikError(N_("{where}: unknown key; did you mean {near!r}?"), where=where, near=near[0])
    return VestnikError(N_("{where}: unknown key; known: {known}."), where=where, known=", ".join(known))


_PHRASES = {
    "missing": N_("is missing"),
    "string_type": N_("must be a text in quotes"),
    "int_type": N_("must be a whole number"),
    "int_parsing": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "float_type": N_("must be a number"),
    "float_parsing": N_("must be a number"),
    "bool_type": N_("must be true or false"),
    "bool_parsing": N_("must be true or false"),
    "list_type": N_("must be a list"),
    "dict_type": N_("must be a table"),
    "model_type": N_("must be a table"),
    "literal_error": N_("must be {expected}"),
    "greater_than": N_("must be more than {gt}"),
    "greater_than_equal": N_("must be at least {ge}"),
    "less_than_equal": N_("must be at most {le}"),
    "string_too_long": N_("must not be longer than {max_length}"),
    "too_long": N_("must not be longer than {max_length}"),
    "string_too_short": N_("must not be empty"),
    "too_short": N_("must not be empty"),
}
"""pydantic's names of faults in our words; any other is said in its own, English ones."""


def _what(fault: ErrorDetails) -> VestnikError | str:
    context = fault.get("ctx", {})
    said = getattr(context.get("error"), "args", ())
    if said and isinstance(said[0], VestnikError):
        return said[0]
    template = _PHRASES.get(fault["type"])
    return VestnikError(template, **context) if template else fault["msg"].removeprefix("Value error, ")


def _fields(model: type[BaseModel], path: list[str]) -> set[str]:
    """The keys known at `path`; a table of named tables (``[issues.birthday]``) is looked into."""
    inner: Any = model
    for part in path:
        if get_origin(inner) is dict:
            inner = get_args(inner)[1]
        else:
            field = inner.model_fields.get(part)
            inner = field.annotation if field else None
        if get_origin(inner) is not dict and not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return set()
    return {field.alias or name for name, field in inner.model_fields.items()} - {"folder"}
