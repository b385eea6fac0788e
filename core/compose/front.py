"""The front matter of a letter: its own subject and preheader, in TOML between two lines of ``+++`` at its top."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.config import faults
from core.errors import N_, Misconfigured, Refused
from core.mailings import Issue
from core.mime import one_line

_FRONT = re.compile(r"\ufeff?\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class Front(BaseModel):
    """What a letter says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    subject: str = Field(default="", max_length=500)
    preheader: str = Field(default="", max_length=500)

    def completed(self, issue: Issue) -> Issue:
        """`issue` with the subject and the preheader that it does not have itself. Raises Misconfigured without any."""
        subject = issue.subject or one_line(self.subject)
        if not subject:
            raise Misconfigured(
                N_("[issues.{code}] subject: missing. Write it in the issue, or between lines of +++ in its letter."),
                code=issue.code,
            )
        return replace(issue, subject=subject, preheader=issue.preheader or one_line(self.preheader))


def parted(file: str, source: str) -> tuple[Front, str]:
    """The front matter of a letter and the rest, whose lines keep their numbers. Raises Refused naming the file."""
    source = source.replace("\r\n", "\n")
    found = _FRONT.match(source)
    if found is None:
        return Front(), source
    try:
        front = Front.model_validate(tomllib.loads(found[1]))
    except tomllib.TOMLDecodeError as error:
        raise Refused(N_("{file}: what stands between +++ is not TOML: {error}"), file=file, error=str(error)) from None
    except ValidationError as error:
        raise Refused(N_("{file}: {faults}"), file=file, faults=faults(error, Front)) from None
    return front, "\n" * found[0].count("\n") + source[found.end() :]
