"""The Jinja environments of letters: sandboxed, strict about unknown names, one for HTML, one for text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from core.compose import filters
from core.compose.lean import Lean, context
from core.errors import N_, Refused

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_FILTERS = frozenset(
    "capitalize default e escape first int join last length list lower replace round sort string striptags title trim "
    "truncate upper urlencode wordcount".split()
)
OURS = {
    "money": filters.money,
    "date": filters.day,
    "plural": filters.plural,
    "tagged": filters.tagged,
    "link": filters.link,
    "tagged_text": filters.tagged_text,
}
T = TypeVar("T")

# A line of a subject can double a text until no memory is left, and nine nested loops over ten letters take an hour.
_LONGEST_VALUE = 50_000  # characters, items and digits of one value
_LONGEST_ARGUMENT = 1_000  # of a filter; of a number, its size
MOST_TURNS = 5_000  # of all loops of one part together
LONGEST_PART = 1_000_000  # characters of the finished HTML or text


class _Sandbox(Lean, ImmutableSandboxedEnvironment):
    """Text typed by marketers: no repetition or formatting of strings by operators, no calls but of our own blocks.

    Loops, and the values that a letter makes for itself, are bounded.
    """

    intercepted_binops = frozenset(["*", "**", "%", "+"])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        texts = isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple)
        if operator == "**" or (texts and operator != "+"):
            raise SecurityError(f"operator {operator} is not allowed here")
        return _bounded(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and not hasattr(dict, attribute):
            return obj[attribute]  # as below, without trying the attribute first: a place takes 1 µs less
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        return bool(getattr(obj, "for_letters", False))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _refuse_blowing_up(tree)
        for node in list(tree.find_all((nodes.For, nodes.Assign, nodes.AssignBlock, nodes.With))):
            if isinstance(node, nodes.For):
                node.iter = _through("counted", node.iter)
            elif isinstance(node, nodes.Assign):
                node.node = _through("bounded", node.node)
            elif isinstance(node, nodes.AssignBlock):
                node.filter = _through("bounded", node.filter)
            elif isinstance(node, nodes.With):
                node.values = [_through("bounded", value) for value in node.values]
        tree.set_environment(self)
        return tree


def _refuse_blowing_up(tree: nodes.Template) -> None:
    """What call_binop would refuse whenever it is filled in is said when the letter is written, with its line."""
    for node in tree.find_all((nodes.Mul, nodes.Mod, nodes.Pow)):
        assert isinstance(node, nodes.BinExpr)
        texts = any(isinstance(side, nodes.Const) and isinstance(side.value, str) for side in (node.left, node.right))
        if texts or isinstance(node, nodes.Pow):
            raise TemplateSyntaxError(f"operator {node.operator} is not allowed here", node.lineno)


def _through(name: str, value: Any) -> nodes.Filter:
    """`value` passed through one of our filters; None stands for the text of a block."""
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno if value else 1)


def _bounded(value: Any) -> Any:
    """`value`, unless it is larger than any letter needs; lists in lists are counted as often as they are shown."""
    left, rest = _LONGEST_VALUE, [value]
    while rest:
        one = rest.pop()
        left -= len(one) if isinstance(one, str) else one.bit_length() if isinstance(one, int) else 1
        if left < 0:
            raise SecurityError("a value is too large")
        rest += one if isinstance(one, list | tuple) else one.values() if isinstance(one, Mapping) else ()
    return value


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    """`items` of a loop, each counted against the turns that are left to this part of the letter."""
    turns: Iterator[int] = context["_turns"]
    for item in items:
        if next(turns, None) is None:
            raise SecurityError("the loops take too many turns")
        yield _bounded(item)


def _limited(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja with bounded arguments and a bounded result."""
    own = 2 if hasattr(work, "jinja_pass_arg") else 1  # the value, and perhaps the environment before it

    @wraps(work)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for one in (*args[own:], *kwargs.values()):
            size = len(one) if isinstance(one, str) else abs(one) if isinstance(one, int | float) else 0
            if size > _LONGEST_ARGUMENT:
                raise SecurityError("an argument of a filter is too large")
        return _bounded(work(*args, **kwargs))

    return bounded


def environment(*, html: bool) -> _Sandbox:
    """The environment of the HTML part, or of the text part and the subject."""
    sandbox = _Sandbox(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=False)
    sandbox.filters = {name: _limited(sandbox.filters[name]) for name in _FILTERS}
    sandbox.filters |= {"counted": _counted, "bounded": _bounded, **OURS}
    sandbox.globals = {}
    return sandbox


def named_groups(source: str) -> tuple[str, ...]:
    """The groups that conditions such as ``{% if "vip" in groups %}`` ask about."""
    found = {
        compared.expr.value
        for compared in environment(html=True).parse(source).find_all(nodes.Compare)
        if isinstance(compared.expr, nodes.Const)
        for operand in compared.ops
        if operand.op in {"in", "notin"} and isinstance(operand.expr, nodes.Name) and operand.expr.name == "groups"
    }
    return tuple(sorted(str(code) for code in found))


def rendered(template: Template, values: Mapping[str, Any], *, turns: Iterator[int] | None = None) -> str:
    """`template` filled in. Raises SecurityError when it is longer, or its loops take longer, than any letter needs.

    `turns`: those that are left to its loops, when it is part of a larger one.
    """
    parts, left = [], LONGEST_PART
    allowed = {**values, "_turns": turns or iter(range(MOST_TURNS))}
    for part in template.root_render_func(context(template, allowed)):
        left -= len(part)
        if left < 0:
            raise SecurityError("the letter is too long")
        parts.append(part)
    return "".join(parts)


def unknown_names(sandbox: _Sandbox, source: str, known: set[str]) -> set[str]:
    """Names that `source` uses and no letter has. Raises TemplateSyntaxError when it cannot be parsed."""
    return meta.find_undeclared_variables(sandbox.parse(source)) - known


def line_of(sandbox: _Sandbox, source: str, name: str) -> int:
    """The line on which `source` first uses `name`."""
    found = [node.lineno for node in sandbox.parse(source).find_all(nodes.Name) if node.name == name]
    return min(found, default=1)


def guarded(what: str, render: Callable[[], T]) -> T:
    """The result of `render`, its template errors turned into Refused naming `what` and the line."""
    try:
        return render()
    except Refused as error:
        raise type(error)(N_("{what}: {error}"), what=what, error=error) from None
    except TemplateSyntaxError as error:
        raise Refused(
            N_("{what}, line {line}: {error}"), what=what, line=error.lineno, error=error.message or ""
        ) from None
    except TemplateError as error:
        raise Refused(N_("{what}: {error}"), what=what, error=error.message or type(error).__name__) from None
    except Exception as error:  # whatever a text makes a filter or Python raise, it costs this letter alone
        raise Refused(N_("{what}: {error}"), what=what, error=f"{type(error).__name__}: {error}") from None
