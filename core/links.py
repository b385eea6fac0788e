"""UTM marks on the links of a letter: appended to the raw query, nothing else of the link or the letter is touched.

urllib, yarl and w3lib all write the rest of the query anew (``;``, ``%2F``, ``+``) and so break signed links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from html import unescape
from urllib.parse import quote, unquote_plus

from core.errors import N_, Misconfigured

_MACRO = re.compile(r"\{([^{}]*)\}")
_WEB = re.compile(r"\s*(?:https?:)?//[^\s/?#]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Utm:
    """The five marks; an empty one is not written. Values may hold macros such as ``{issue}``."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""

    def merged(self, other: Utm) -> Utm:
        """These marks, with those of `other` that are not empty in their place."""
        return Utm(*(getattr(other, name) or getattr(self, name) for name in _MARKS))

    def filled(self, **macros: str) -> Utm:
        """These marks with their macros replaced. Raises Misconfigured for a macro that is not among `macros`."""
        return Utm(**{name: _fill(value, macros) for name, value in asdict(self).items()})

    def pairs(self) -> list[tuple[str, str]]:
        """(key, value) of the marks that are written, in their usual order."""
        return [(f"utm_{name}", value) for name in _MARKS if (value := getattr(self, name))]


_MARKS = tuple(part.name for part in fields(Utm))


@lru_cache(maxsize=1024)
def _written(utm: Utm) -> tuple[tuple[str, str], ...]:
    """(key, "key=value") of the marks as they stand in a query."""
    return tuple((key, f"{key}={quote(value, safe='')}") for key, value in utm.pairs())


def _fill(value: str, macros: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] not in macros:
            known = ", ".join(f"{{{name}}}" for name in macros)
            raise Misconfigured(N_("UTM: there is no macro {macro}. Known: {known}."), macro=found[0], known=known)
        return macros[found[1]]

    return _MACRO.sub(one, value)


def tag(url: str, utm: Utm) -> str:
    """`url` with the marks that it does not have yet; anything but a web link comes back untouched."""
    return _tagged(url, url, utm, joint="&")


def tag_escaped(source: str, utm: Utm) -> str:
    """:func:`tag` for a link that is HTML text already."""
    return _tagged(source, unescape(source), utm, joint="&amp;")


def is_web(url: str) -> bool:
    """Whether `url` is one that a browser fetches: http, https, or without a scheme (``//shop.ru/``)."""
    return bool(_WEB.match(url))


def harmless(url: str) -> str:
    """A link that is no web link, unless it would run something: ``javascript:``, ``data:`` and the like become "#"."""
    scheme = _SCHEME.match(re.sub(r"[\x00-\x20]+", "", url))  # browsers read over blanks and line ends
    return url if scheme is None or scheme[1].lower() in {"mailto", "tel", "sms", "geo"} else "#"


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def host(url: str) -> str:
    """The host of a web link in lower case, Cyrillic ones in their ASCII spelling; "" for anything else."""
    found = _HOST.match(url)
    name = found[1].rpartition("@")[2].partition(":")[0].rstrip(".").lower() if found else ""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


_HOST = re.compile(r"\s*(?:https?:)?//([^/?#\s]+)", re.IGNORECASE)


def own_hosts(site_url: str, allowed: Iterable[str]) -> Callable[[str], bool]:
    """Whether a link leads to the site, to one of its subdomains, or to a domain that is `allowed` ("*": anywhere)."""
    domains = [host(f"//{domain}") for domain in allowed if domain != "*"] + [host(site_url).removeprefix("www.")]
    if "*" in allowed:
        return lambda url: True

    @lru_cache(maxsize=1024)
    def known(name: str) -> bool:
        return any(name == domain or name.endswith(f".{domain}") for domain in domains)

    return lambda url: known(host(url))


def _tagged(source: str, url: str, utm: Utm, *, joint: str) -> str:
    """`source` is the link as it is written, `url` what it means."""
    if not _WEB.match(url):
        return source
    present = _keys(url)
    marks = [mark for key, mark in _written(utm) if key not in present]
    if not marks:
        return source
    head, tail = _before_fragment(source, "#" if joint == "&" else "(?<!&)#")
    return head + _separator(head, joint) + joint.join(marks) + tail


def _keys(url: str) -> set[str]:
    """Keys of the query, in lower case."""
    query = url.partition("#")[0].partition("?")[2]
    if not query:
        return set()
    return {unquote_plus(pair.partition("=")[0]).strip().lower() for pair in re.split("[&;]", query)}


def _before_fragment(source: str, mark: str) -> tuple[str, str]:
    """The link up to its ``#fragment`` or closing blanks, and the rest; in HTML the # of ``&#39;`` is no fragment."""
    start = re.search(mark, source)
    head = source[: start.start()] if start else source
    cut = len(head.rstrip())
    return source[:cut], source[cut:]


def _separator(head: str, joint: str) -> str:
    if "?" not in head:
        return "?"
    return "" if head.endswith(("?", "&", joint)) else joint


# ---- links of a whole letter ----

_IN_TEXT = re.compile(r"https?://[^\s<>\"«»]*[^\s<>\"«».,:;!?)\]']", re.IGNORECASE)  # without a sentence's full stop


def each_link(text: str, change: Callable[[str], str]) -> str:
    """`text` with every web link in it changed."""
    return _IN_TEXT.sub(lambda found: change(found[0]), text)


def tag_text(text: str, utm: Utm, *, but: str = "") -> str:
    """`text` with the marks on every web link in it except `but`."""
    return each_link(text, lambda url: url if url == but else tag(url, utm))


_JINJA = r"(?>\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})"
_PIECE = re.compile(
    r"(?P<comment><!--(?!\[if|-?>).*?-->)"  # <!--> is a whole comment: <!--[if !mso]><!--> shows what follows it
    r"|(?P<raw><(?P<name>style|script)\b.*?</(?P=name)\s*>)"
    rf"|(?P<jinja>{_JINJA})"
    r"|(?P<link><(?:a|area|v:[a-z]+)(?=[\s/>]))",  # v:roundrect is a button in Outlook
    re.DOTALL | re.IGNORECASE,
)
_BRACE = r"\{(?![{%#])"  # every character can be read in one way only, or a hostile letter would take exponential time
_ATTRIBUTE = re.compile(
    rf"(?P<jinja>{_JINJA})"
    r"|(?P<end>/?>)"
    r"|(?P<name>[^\s=/>\"'{]+)"
    rf"(?P<equals>\s*=\s*)?(?(equals)(?:\"(?P<double>(?:{_JINJA}|[^\"{{]|{_BRACE})*)\"|'(?P<single>(?:{_JINJA}|[^'{{]|{_BRACE})*)'"
    rf"|(?P<bare>(?:{_JINJA}|[^\s>\"'{{]|{_BRACE})*)))"
    r"|(?P<other>.)",
    re.DOTALL,
)


@dataclass(slots=True)
class _Attribute:
    """One attribute of a link's start tag, and where it stands."""

    start: int
    value_start: int
    value_end: int
    end: int


@dataclass(frozen=True, slots=True)
class Marking:
    """How the links of a letter are marked."""

    utm: Utm
    own: Callable[[str], bool] = lambda url: True  # others keep their query as it is
    static: Callable[[str], str] = lambda href: href  # what becomes of a web link (HTML text) after it was marked
    dynamic: Callable[[str, Utm], str | None] | None = None  # of one with Jinja marks; None: it stays as it is

    def of(self, content: str) -> Marking:
        """This marking with another utm_content."""
        return replace(self, utm=self.utm.merged(Utm(content=content)))


def tag_html(source: str, *, utm: Utm, dynamic: Callable[[str, Utm], str | None] | None = None) -> str:
    """:func:`mark_html` with UTM marks alone."""
    return mark_html(source, Marking(utm, dynamic=dynamic))


def mark_html(source: str, marking: Marking) -> str:
    """`source` (HTML, perhaps with Jinja marks) marked on every web link: ``<a>``, ``<area>``, Outlook's shapes.

    ``data-utm-content="x"`` on a link becomes its utm_content, ``data-utm="off"`` leaves it alone; both attributes are
    taken out. A link with Jinja marks becomes what `dynamic` (its source, its marks) says. Ordinary comments, styles
    and scripts are left alone; links in Outlook's conditional comments are marked. Everything else stays byte for byte.
    """
    done: list[str] = []
    position = 0
    while found := _PIECE.search(source, position):
        done.append(source[position : found.end()])
        position = found.end()
        if found["link"]:
            text, position = _start_tag(source, position, marking)
            done.append(text)
    return "".join([*done, source[position:]])


def _start_tag(source: str, start: int, marking: Marking) -> tuple[str, int]:
    """The rest of a link's start tag with its href marked, and where it ends."""
    attributes, end = _attributes(source, start)
    marks, off = marking, False
    cuts: list[tuple[int, int, str]] = []
    for name in ("data-utm-content", "data-utm"):
        if name in attributes:
            one = attributes[name]
            value = unescape(source[one.value_start : one.value_end])
            marks, off = (marks.of(value), off) if name == "data-utm-content" else (marks, value == "off")
            cuts.append((one.start, one.end, ""))
    if "href" in attributes and not off:
        one = attributes["href"]
        href = source[one.value_start : one.value_end]
        cuts.append((one.value_start, one.value_end, _href(href, marks)))
    return _cut(source, start, end, sorted(cuts)), end


def _href(href: str, marking: Marking) -> str:
    if re.search(_JINJA, href, re.DOTALL):
        answer = marking.dynamic(href, marking.utm) if marking.dynamic else None
        return href if answer is None else answer
    url = unescape(href)
    if not is_web(url):
        return href
    return marking.static(_tagged(href, url, marking.utm, joint="&amp;") if marking.own(url) else href)


def _attributes(source: str, start: int) -> tuple[dict[str, _Attribute], int]:
    """The first attribute of each name (browsers ignore the rest), and the end of the tag."""
    found: dict[str, _Attribute] = {}
    position = start
    while one := _ATTRIBUTE.match(source, position):
        position = one.end()
        if one["end"]:
            break
        if one["name"]:
            group = next((name for name in ("double", "single", "bare") if one[name] is not None), "name")
            place = _Attribute(_with_space(source, one.start()), one.start(group), one.end(group), one.end())
            found.setdefault(one["name"].lower(), place)
    return found, position


def _with_space(source: str, start: int) -> int:
    """Where the white space before an attribute begins, so that it goes with it."""
    while source[start - 1].isspace():
        start -= 1
    return start


def _cut(source: str, start: int, end: int, cuts: list[tuple[int, int, str]]) -> str:
    done, position = [], start
    for first, last, text in cuts:
        done += [source[position:first], text]
        position = last
    return "".join([*done, source[position:end]])
