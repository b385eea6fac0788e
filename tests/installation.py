"""An installation of Vestnik in a folder of a test's own: settings, databases, and its command line as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit

from core.app import App, open_app, utc_now

Tree = dict[str, dict[str, Any]]


@dataclass
class Installation:
    """`settings` is the tree of vestnik.toml; sections given to `configure` replace its keys."""

    folder: Path
    settings: Tree = field(default_factory=dict)

    def configure(self, **sections: dict[str, Any]) -> None:
        for name, values in sections.items():
            self.settings.setdefault(name, {}).update(values)
        (self.folder / "vestnik.toml").write_text(tomlkit.dumps(self.settings), "utf-8")

    @property
    def config(self) -> Path:
        return self.folder / "vestnik.toml"

    def app(self, clock: Callable[[], datetime] = utc_now) -> App:
        """The installation in this process, its clock in the test's hands."""
        app = open_app(self.config)
        app.clock = clock
        return app

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def run(self, *words: str | Path, code: int | None = 0, timeout: float = 120) -> str:
        """One command to its end; its result, or with another `code` expected (None: any) all that it said."""
        done = subprocess.run(self._command(*words), **_PIPES, timeout=timeout, check=False)
        said = f"{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, f"exit code {done.returncode}: {said}"
        return done.stdout if code == 0 else said

    def json(self, *words: str | Path) -> list[dict[str, Any]]:
        """What a command with --json printed."""
        return [json.loads(line) for line in self.run(*words, "--json").splitlines()]

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """A command that runs on; its log is process-N.log in the folder. The caller ends it."""
        number = len(list(self.folder.glob("process-*.log"))) + 1
        with (self.folder / f"process-{number}.log").open("w") as log:
            return subprocess.Popen(self._command(*words), stdout=log, stderr=log, text=True, env=_ENVIRONMENT)

    def logs(self) -> str:
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("process-*.log")))

    def _command(self, *words: str | Path) -> list[str]:
        return [
            sys.executable,
            "-c",
            "from core.cli import main; main()",
            *map(str, words),
            "--config",
            str(self.config),
        ]


_ENVIRONMENT = {**os.environ, "VESTNIK_LANGUAGE": "en"}
_PIPES: dict[str, Any] = {"capture_output": True, "text": True, "env": _ENVIRONMENT}


def until(true: Callable[[], bool], *, seconds: float = 180, what: str = "") -> None:
    """Wait until `true` says so; fails after `seconds` with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for: {what}"
        time.sleep(0.05)
