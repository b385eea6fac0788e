"""A letter is published once for a posting: styles inlined, blocks placed, links marked and numbered, names checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.compose import colours, front, inlining, mjml
from core.compose.constants import settled
from core.compose.files import Files
from core.compose.placing import LIST, Call, Shelf, check, cut_out, placed, with_list
from core.compose.publication import TOKEN, Placed, Publication
from core.compose.sandbox import LONGEST_PART, environment, guarded, named_groups, unknown_names
from core.compose.sheets import compiled
from core.config import Site
from core.errors import N_, Refused
from core.links import Marking, Utm, mark_html, own_hosts
from core.mailings import Issue, Mailing

NAMES = frozenset(
    {
        *("name", "greeting", "person", "email", "groups", "site", "mailing", "issue", "subject", "preheader"),
        *("unsubscribe_url", "browser_url", "day"),
    }
)
"""What a letter may use; `person` holds the mirrored columns and ``person.attributes`` the source's own fields."""

_SHARED = frozenset({"site", "mailing", "issue", "preheader", "day"})
"""What a block may use beside its own: it is filled in for all who see the same, so it knows no reader."""

_CONTENT = "{{ content }}"


@dataclass(frozen=True, slots=True)
class Press:
    """What an installation prints letters with: its site, its templates' folders, its blocks, its public address."""

    site: Site
    folders: tuple[Path, ...] = ()
    public_url: str = ""
    blocks: Shelf = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # settings of blocks that letters leave out
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # those that stand before a letter's own
    discounts: Mapping[int, str] = field(default_factory=dict)  # the shop's rule for a coupon of so many percent

    @property
    def address(self) -> str:
        """Where the public pages are."""
        return self.public_url or self.site.url


def publish(press: Press, issue: Issue, mailing: Mailing, *, at: datetime, tracked: bool | None = None) -> Publication:
    """The letter of `issue` ready to be filled in. `tracked`: None does as the mailing says; previews are not tracked.

    Raises Misconfigured for a missing file, Refused (with file and line) for a template error or an unknown name.
    """
    files = Files(press.folders)
    layout_file, layout = files.read(*_either("layouts", mailing.layout))
    letter_file, source = files.read(*_either("letters", issue.letter))
    own, letter = front.parted(letter_file, source)
    issue = own.completed(issue)
    content, calls = placed(
        letter_file, _listed(letter_file, letter, issue), shelf=press.blocks, files=files, known=_SHARED, given=press
    )
    _check_all(issue, layout_file, layout, letter_file, letter, content)
    utm = _utm(issue, mailing, press.site, at=at)
    if len(layout) + len(content) > LONGEST_PART:
        raise Refused(N_("{file}: a letter may have {limit} characters at most."), file=letter_file, limit=LONGEST_PART)
    links = _Links(press, utm, tracked=mailing.track if tracked is None else tracked)
    shared = _shared(issue, mailing, press.site, at=at)
    constant = {name: value for name, value in shared.items() if name != "preheader"}  # that is a template itself
    whole = settled(_together(layout_file, layout, letter_file, content), constant)
    html, blocks = _marked(inlining.inlined(whole), calls, links)
    text, texts = _text(files, issue, html, blocks)
    published = Publication(
        issue=issue.code,
        mailing=mailing.code,
        sender=mailing.sender,
        reply_to=mailing.reply_to,
        subject=issue.subject,
        html=_with_pixel(html, press) if links.tracked else html,
        text=text,
        utm=asdict(utm),
        shared=shared,
        public_url=press.address,
        links=tuple(links.targets),
        tracked=links.tracked,
        blocks=_placed(calls, blocks, texts),
        groups=named_groups(f"{letter}{issue.subject}{issue.preheader}"),
        hosts=tuple(press.site.utm_domains),
        language=press.site.language,
        currency=press.site.currency,
        timezone=issue.timezone,
    )
    guarded(letter_file, lambda: compiled(published))
    return published


def _either(folder: str, name: str) -> tuple[str, str]:
    """The files that a letter or a layout may stand in."""
    return f"{folder}/{name}.html", f"{folder}/{name}{mjml.SUFFIX}"


def _listed(file: str, letter: str, issue: Issue) -> str:
    """The letter with the blocks of its issue's list; one in MJML is looked at first, while its lines are its own."""
    if not file.endswith(mjml.SUFFIX):
        return with_list(letter, issue.blocks)
    mjml.check(file, letter)
    lacking = issue.blocks and not LIST.search(letter)
    return with_list(mjml.with_place(letter, "{{ blocks }}") if lacking else letter, issue.blocks)


def _together(layout_file: str, layout: str, letter_file: str, content: str) -> str:
    """The letter in its layout, as one HTML document, whichever of the two is MJML."""
    if not layout_file.endswith(mjml.SUFFIX):
        part = mjml.part(letter_file, content) if letter_file.endswith(mjml.SUFFIX) else content
        return layout.replace(_CONTENT, part)
    mjml.check(layout_file, layout)
    rich, free = letter_file.endswith(mjml.SUFFIX), not mjml.in_text(layout, _CONTENT)
    if rich and (not free or "<mjml" in content):
        template = N_(
            "{file}: a letter in MJML stands between the sections of its layout, and has no <mjml> of its own."
        )
        raise Refused(template, file=letter_file)
    place = mjml.IN_TEXT.format(_CONTENT) if free and not rich else _CONTENT
    return mjml.html(layout_file, layout.replace(_CONTENT, place).replace(_CONTENT, content))


def _check_all(issue: Issue, layout_file: str, layout: str, letter_file: str, letter: str, content: str) -> None:
    check(layout_file, layout, NAMES | {"content"})
    if re.search(r"\{\{-?\s*block\b", content):
        where = letter.count("\n", 0, letter.find("block(")) + 1
        template = N_("{file}, line {line}: a block stands by itself, as in {example}")
        raise Refused(template, file=letter_file, line=where, example='{{ block("viewed", limit=4) }}')
    check(letter_file, content, NAMES | _of_blocks(content))
    for what, source in ((N_("subject"), issue.subject), (N_("preheader"), issue.preheader)):
        check(f"[issues.{issue.code}] {what}", source, NAMES - {"subject", "preheader"})
    if _CONTENT not in layout:
        raise Refused(N_("{file}: the layout has no place {place} for the letter."), file=layout_file, place=_CONTENT)


def _of_blocks(content: str) -> set[str]:
    """The names that the blocks' own templates use: those were checked one by one."""
    found: set[str] = set()
    for region in re.finditer(r"\{#block(\d+)#\}(.*?)\{#/block\1#\}", content, re.DOTALL):
        found |= unknown_names(environment(html=True), region[2], set())
    return found


def _utm(issue: Issue, mailing: Mailing, site: Site, *, at: datetime) -> Utm:
    """The marks of every link: the mailing's, those of the issue first, macros filled (blocks are filled per link)."""
    day = at.astimezone(ZoneInfo(issue.timezone)).date()
    default = Utm(source="newsletter", medium="email", campaign="{mailing}")
    return (
        default.merged(mailing.utm)
        .merged(issue.utm)
        .filled(issue=issue.code, mailing=mailing.code, date=day.isoformat(), block="content", site=site.name)
    )


class _Links:
    """The links of one letter: marked, and where they are tracked, numbered."""

    def __init__(self, press: Press, utm: Utm, *, tracked: bool) -> None:
        self.targets: list[str] = []
        self.tracked = tracked
        self._numbers: dict[str, int] = {}
        self._goes = f"{press.address}/p/c/{TOKEN}/"
        own = own_hosts(press.site.url, press.site.utm_domains)
        self.marking = Marking(utm, own, self._static, _dynamic)

    def _static(self, href: str) -> str:
        if not self.tracked:
            return href
        number = self._numbers.setdefault(href, len(self.targets))
        if number == len(self.targets):
            self.targets.append(inlining.plain(href))
        return f"{self._goes}{number}"


def _dynamic(href: str, utm: Utm) -> str:
    """A link known only at composing is given its marks then; one that is put together of values alone, in one step."""
    content = utm.content.replace('"', "")
    pieces = _PIECES.split(href)
    if any("{%" in piece or "{#" in piece or "|" in piece for piece in pieces):
        return '{% filter tagged("' + content + '") %}' + href + "{% endfilter %}"
    parts = [
        json.dumps(unescape(piece), ensure_ascii=False) if number % 2 == 0 else f"({piece.strip(' -')})"
        for number, piece in enumerate(pieces)
        if piece or number % 2
    ]
    return "{{ [" + ", ".join(parts) + f'] | link("{content}") }}}}'


_PIECES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def _marked(html: str, calls: Sequence[Call], links: _Links) -> tuple[str, list[tuple[str, str]]]:
    """The letter without its blocks, and each block's (template, card), their links marked."""
    main, parts = cut_out(html, len(calls))
    blocks = []
    for call, (block, card) in zip(calls, parts, strict=True):
        marking = links.marking.of(call.content)
        blocks.append((mark_html(block, marking), mark_html(card, marking)))
    return mark_html(main, links.marking), blocks


def _text(
    files: Files, issue: Issue, html: str, blocks: Sequence[tuple[str, str]]
) -> tuple[str, list[tuple[str, str]]]:
    """The plain-text template and those of the blocks; a letter's own text file has its links marked at composing."""
    texts = [(inlining.as_text(block), inlining.as_text(card)) for block, card in blocks]
    name = f"letters/{issue.letter}.txt"
    if files.find(name) is None:
        return inlining.as_text(html), texts
    _, source = files.read(name)
    check(name, source, NAMES)
    return "{% filter tagged_text %}" + source + "{% endfilter %}", texts


def _placed(
    calls: Sequence[Call], blocks: Sequence[tuple[str, str]], texts: Sequence[tuple[str, str]]
) -> tuple[Placed, ...]:
    return tuple(
        Placed(call.code, call.settings, html, text, card_html, card_text, call.content)
        for call, (html, card_html), (text, card_text) in zip(calls, blocks, texts, strict=True)
    )


def _with_pixel(html: str, press: Press) -> str:
    """The picture whose fetching says that the letter was opened; last, so that it holds nothing up."""
    pixel = f'<img src="{press.address}/p/o/{TOKEN}.gif" width="1" height="1" alt="" style="display:block;border:0">'
    end = html.rfind("</body>")
    return html[:end] + pixel + html[end:] if end >= 0 else html + pixel


def _shared(issue: Issue, mailing: Mailing, site: Site, *, at: datetime) -> dict[str, Any]:
    return {
        "site": {**site.brand(), **colours.palette(site.colour), "language": site.language},
        "mailing": {"code": mailing.code, "name": mailing.name},
        "issue": {"code": issue.code, "name": issue.name},
        "preheader": issue.preheader,
        "day": at.astimezone(ZoneInfo(issue.timezone)).date().isoformat(),
    }


def names() -> Iterable[str]:
    """What a letter may use."""
    return sorted(NAMES)
