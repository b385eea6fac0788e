"""The command line: `vestnik`, one file a noun."""

from __future__ import annotations

import sys

import sqlalchemy as sa

from core.cli import (  # noqa: F401 - they add their commands
    backtest,
    brand,
    buyers,
    coupons,
    definitions,
    explain,
    groups,
    letters,
    mapping,
    planning,
    postings,
    rhythms,
    running,
    scenarios,
    sending,
    setup,
    sources,
)
from core.cli.root import cli, say
from core.db import unreachable
from core.errors import VestnikError
from core.i18n import message


def main() -> None:
    """Run the command; an error is one sentence and exit code 1."""
    try:
        cli()
    except VestnikError as error:
        _fail(error)
    except sa.exc.OperationalError as error:
        reason = unreachable(error, what="[database]")
        _fail(reason if isinstance(reason, VestnikError) else error)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: Exception) -> None:
    text = message(error, say.language) if isinstance(error, VestnikError) else str(error)
    say.error(text)
    sys.exit(1)
