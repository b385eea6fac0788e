"""The Jinja environments of letters: sandboxed, strict about unknown names, one for HTML, one for text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context
from markupsafe import Markup

from core.errors import N_, Refused
from core.links import Utm, tagger

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_FILTERS = frozenset(
    "capitalize default e escape first int join last length list lower replace round sort string striptags title trim "
    "truncate upper urlencode wordcount".split()
)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Text typed by marketers: no repetition or formatting of strings by operators, no calls but of our own blocks."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple):
            raise SecurityError(f"operator {operator} is not allowed here")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        return bool(getattr(obj, "for_letters", False))


def environment(*, html: bool) -> _Sandbox:
    """The environment of the HTML part, or of the text part and the subject."""
    sandbox = _Sandbox(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=False)
    sandbox.filters = {name: sandbox.filters[name] for name in _FILTERS}
    sandbox.filters["tagged"] = _tagged
    sandbox.globals = {}
    return sandbox


@pass_context
def _tagged(context: Context, url: Any, content: str = "") -> Any:
    """``{% filter tagged("block") %}…{% endfilter %}``: UTM marks for a link known only when the letter is composed."""
    utm: Utm = context["_utm"]
    marks = utm.merged(Utm(content=content)) if content else utm
    if context.eval_ctx.autoescape:
        return Markup(tagger(marks, escaped=True)(str(url)))  # noqa: S704 - `url` was escaped by the template
    return tagger(marks)(str(url))


def unknown_names(sandbox: _Sandbox, source: str, known: set[str]) -> set[str]:
    """Names that `source` uses and no letter has. Raises TemplateSyntaxError when it cannot be parsed."""
    return meta.find_undeclared_variables(sandbox.parse(source)) - known


def line_of(sandbox: _Sandbox, source: str, name: str) -> int:
    """The line on which `source` first uses `name`."""
    found = [node.lineno for node in sandbox.parse(source).find_all(nodes.Name) if node.name == name]
    return min(found, default=1)


def guarded(what: str, render: Callable[[], str]) -> str:
    """The result of `render`, its template errors turned into Refused naming `what` and the line."""
    try:
        return render()
    except TemplateSyntaxError as error:
        raise Refused(
            N_("{what}, line {line}: {error}"), what=what, line=error.lineno, error=error.message or ""
        ) from None
    except TemplateError as error:
        raise Refused(N_("{what}: {error}"), what=what, error=error.message or type(error).__name__) from None
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise Refused(N_("{what}: {error}"), what=what, error=f"{type(error).__name__}: {error}") from None
