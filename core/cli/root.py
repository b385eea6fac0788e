"""What all commands share: the settings option, the reader's language, and how results and troubles are printed."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.app import App, open_app
from core.errors import N_, Misconfigured, VestnikError, masked
from core.i18n import message, translator

DEFAULT = Path("vestnik.toml")


class Say:
    """Prints results to standard output, everything else to standard error, in the language of the settings."""

    def __init__(self) -> None:
        self.language = os.environ.get("VESTNIK_LANGUAGE", "ru")
        wide = None if sys.stdout.isatty() else 160  # a pipe has no width of its own, and 80 would break words
        self.out = Console(highlight=False, soft_wrap=True, width=wide)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def _(self, template: str, **values: Any) -> str:
        return translator(self.language)(template, **values)

    def reason(self, reason: str | VestnikError) -> str:
        """A row's reason: an error of ours, a word of our rooms, or what a relay said."""
        return message(reason, self.language) if isinstance(reason, VestnikError) else self._(reason)

    def line(self, template: str, **values: Any) -> None:
        """A sentence of the result."""
        self.out.print(self._(template, **values), markup=False)

    def note(self, template: str, **values: Any) -> None:
        """A sentence about the work, not part of its result."""
        self.err.print(self._(template, **values), markup=False, style="dim")

    def error(self, text: str) -> None:
        self.err.print(masked(text), markup=False, style="red")

    def json(self, value: Any) -> None:
        """One object on one line."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")

    def plain(self, text: str) -> None:
        """A line as it is, its tabs too, for other programs to read."""
        sys.stdout.write(text + "\n")

    def table(self, columns: list[str], rows: list[list[Any]]) -> None:
        """Rows under translated column titles."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(self._(column), overflow="fold")
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self.out.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | VestnikError) else repr(value)


say = Say()


def help_text(template: str) -> str:
    """A command's help in the language of the environment."""
    return say._(template)


cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=help_text(N_("Vestnik: e-mail marketing for 1C-Bitrix shops.")),
)

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="VESTNIK_CONFIG", help=help_text(N_("The settings file."))),
]
JsonOption = Annotated[bool, typer.Option("--json", help=help_text(N_("One JSON object a line.")))]
AtOption = Annotated[
    str,
    typer.Option("--at", help=help_text(N_("As if it were that moment: 2026-12-31 or 2026-12-31T05:00."))),
]


def start(config: Path) -> App:
    """The installation at `config`; from here on Vestnik speaks its language."""
    app = open_app(config)
    say.language = app.config.site.language
    return app


def moment(app: App, at: str) -> datetime:
    """`at` as a moment in the site's zone, or now when it is empty."""
    if not at:
        return app.clock()
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        raise Misconfigured(
            N_("--at {at!r} is not a moment. Examples: 2026-12-31, 2026-12-31T05:00, 2026-12-31T02:00Z."), at=at
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(app.config.site.timezone))


def local(app: App, at: datetime | None) -> str:
    """A moment as the site's people read it."""
    return at.astimezone(ZoneInfo(app.config.site.timezone)).strftime("%d.%m.%Y %H:%M:%S") if at else "–"
