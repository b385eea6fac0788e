"""Letters as files in a folder: whole or not there, the same letter the same file."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from connectors.channels.file import File, FileSettings
from core.app import App
from core.channel import Channel
from core.config import Config
from core.errors import Misconfigured
from core.testing.conformance import ChannelConformance, a_letter


def channel_in(folder: Path) -> File:
    return File(FileSettings(folder=str(folder)))


class TestFile(ChannelConformance):
    @pytest.fixture
    def channel(self, tmp_path: Path) -> Channel:
        return channel_in(tmp_path / "letters")

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Channel:
        (tmp_path / "a_file").write_text("in the way")
        return channel_in(tmp_path / "a_file")


def sent(folder: Path, *to: str) -> list[str]:
    with channel_in(folder).open() as session:
        return [outcome.reply for outcome in session.send([a_letter(one) for one in to])]


def test_each_letter_is_one_file_and_again_the_same_one(tmp_path: Path) -> None:
    names = sent(tmp_path, "anna@example.com", "boris@example.com")
    assert sent(tmp_path, "anna@example.com") == names[:1]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names), "no part of a file is left"
    letter = email.message_from_bytes((tmp_path / names[0]).read_bytes(), policy=email.policy.default)
    assert "anna@example.com" in letter["To"]
    assert letter["Subject"] == "С днём рождения!"


def test_a_channel_of_the_settings_is_found_by_its_name_and_its_folder_stands_beside_them(tmp_path: Path) -> None:
    app = App(Config.model_validate({"channels": {"push": {"connector": "file", "folder": "out"}}, "folder": tmp_path}))
    with app.carrier("push").open() as session:
        assert [one.result for one in session.send([a_letter("anna@example.com")])] == ["sent"]
    assert len(list((tmp_path / "out").glob("*.eml"))) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"folder": "out"}, r"\[channels.push\]: connector is missing"),
        ({"connector": "fil"}, "Did you mean 'file'"),
        ({"connector": "file"}, "folder: is missing"),
        ({"connector": "file", "folder": "out", "x": 1}, "x: unknown key"),
    ],
)
def test_a_channel_with_faulty_settings_is_refused(tmp_path: Path, settings: dict[str, object], said: str) -> None:
    app = App(Config.model_validate({"channels": {"push": settings}, "folder": tmp_path}))
    with pytest.raises(Misconfigured, match=said):
        app.carrier("push")
    with pytest.raises(Misconfigured, match="Did you mean 'push'"):
        app.carrier("pusch")
