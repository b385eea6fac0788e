"""Shelves: plug-ins are found without a register, a site's own stand first, and what is wrong is named."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from core import plugin
from core.channel import Channel
from core.errors import Misconfigured
from core.i18n import message
from core.plugin import Plugin, Settings, find, settings_of, shelf, suggestion

CHANNELS = "connectors.channels"
OWN = """
from core.channel import Channel
from core.plugin import Settings

class PigeonSettings(Settings):
    loft: str
    pigeons: int = 2

class Pigeon(Channel):
    code = "{code}"
    title = "Pigeon post"
    Settings = PigeonSettings
"""


def put(local: Path, text: str, name: str = "pigeon.py") -> None:
    (local / "channels").mkdir(exist_ok=True)
    (local / "channels" / name).write_text(text, "utf-8")


def channels(local: Path | None = None) -> dict[str, type[Channel]]:
    return shelf(CHANNELS, Channel, local)  # type: ignore[type-abstract]


def channel(code: str, local: Path | None = None) -> type[Channel]:
    return find(CHANNELS, Channel, code, local)  # type: ignore[type-abstract]


def test_our_own_are_found_by_code() -> None:
    assert channel("smtp").title == "SMTP"


def test_a_file_in_the_local_folder_is_a_plug_in(tmp_path: Path) -> None:
    put(tmp_path, OWN.format(code="pigeon"))
    assert channels(tmp_path).keys() == {"file", "smtp", "pigeon"}
    assert channel("pigeon", tmp_path).title == "Pigeon post"


def test_the_local_one_stands_before_ours(tmp_path: Path) -> None:
    put(tmp_path, OWN.format(code="smtp"))
    assert channel("smtp", tmp_path).title == "Pigeon post"
    assert channel("smtp").title == "SMTP"


def test_a_local_file_may_build_upon_ours_without_putting_it_first(tmp_path: Path) -> None:
    put(tmp_path, OWN.format(code="smtp"), "a_pigeon.py")
    upon = "from connectors.channels.smtp import Smtp\n\nclass Fast(Smtp):\n    code = 'fast'\n    title = 'Fast'\n"
    put(tmp_path, upon, "b_fast.py")
    titles = {code: one.title for code, one in channels(tmp_path).items()}
    assert titles == {"file": "Files in a folder", "smtp": "Pigeon post", "fast": "Fast"}


def test_no_local_folder_is_no_fault(tmp_path: Path) -> None:
    assert channels(tmp_path / "none").keys() == channels(tmp_path).keys() == {"file", "smtp"}


@pytest.mark.parametrize("text", ["def broken(:", "import no_such_module", "1 / 0"])
def test_a_local_file_that_does_not_load_is_named(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    with pytest.raises(Misconfigured, match=r"channels/pigeon\.py does not load: "):
        channels(tmp_path)


def test_an_installed_package_puts_its_plug_in_on_the_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon_post.py").write_text(OWN.format(code="pigeon"), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [
        EntryPoint("channels.pigeon", "pigeon_post:Pigeon", "vestnik.plugins"),
        EntryPoint("sources.other", "no_such_module:Other", "vestnik.plugins"),
    ]
    monkeypatch.setattr(plugin, "entry_points", lambda group: entries)
    assert channels().keys() == {"file", "smtp", "pigeon"}, "what stands on another shelf is not even loaded"
    sys.modules.pop("pigeon_post")


def test_an_installed_plug_in_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("channels.pigeon", "no_such_module:Pigeon", "vestnik.plugins")
    monkeypatch.setattr(plugin, "entry_points", lambda group: [entry])
    with pytest.raises(Misconfigured, match=r"Plug-in channels\.pigeon of an installed package does not load"):
        channels()


def test_an_unknown_code_gets_the_nearest_or_all_known() -> None:
    with pytest.raises(Misconfigured, match=r"no plug-in 'smpt' in connectors\.channels\. Did you mean 'smtp'\?"):
        channel("smpt")
    with pytest.raises(Misconfigured, match=r"Known: file, smtp\."):
        channel("telegraph")


def test_a_suggestion_is_said_in_the_readers_language() -> None:
    assert message(suggestion("smpt", ["smtp"]), "ru") == "Возможно, имелось в виду «smtp»?"
    assert message(suggestion("x", ["b", "a"]), "ru") == "Есть: a, b."


class Loft(Plugin):
    class Settings(Settings):
        loft: str
        pigeons: int = 2


def test_settings_are_read_as_the_plug_in_says() -> None:
    settings = settings_of(Loft, {"loft": "roof"}, where="channels.pigeon")
    assert (settings.loft, settings.pigeons) == ("roof", 2)


def test_every_fault_of_the_settings_is_named_with_its_place() -> None:
    with pytest.raises(Misconfigured) as refused:
        settings_of(Loft, {"pigeons": "many", "lofts": "roof"}, where="channels.pigeon")
    said = str(refused.value)
    assert said.startswith("[channels.pigeon]: ")
    assert "loft: " in said
    assert "pigeons: " in said
    assert "lofts: unknown key; did you mean 'loft'?" in said


def test_a_plug_in_without_settings_takes_none() -> None:
    with pytest.raises(Misconfigured, match="loft: unknown key"):
        settings_of(Plugin, {"loft": "roof"}, where="x")
