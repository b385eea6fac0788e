"""Finding MariaDB, Redis and RabbitMQ for the tests, or starting a MariaDB of our own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pymysql
import pytest


def missing(service: str) -> NoReturn:
    """Skip for want of `service`; on CI that is a failure."""
    reason = f"{service} was not found on 127.0.0.1, and VESTNIK_TEST_{service.upper()} names none"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def listening(url: str) -> bool:
    """Whether something accepts connections where `url` points."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 0)) == 0


def redis() -> str:
    """URL of a Redis server, or skip."""
    return _found("Redis", "redis://127.0.0.1:6379/0")


def rabbitmq() -> str:
    """URL of a RabbitMQ server, or skip."""
    return _found("RabbitMQ", "amqp://guest:guest@127.0.0.1:5672")


def _found(service: str, default: str) -> str:
    url = os.environ.get(f"VESTNIK_TEST_{service.upper()}", default)
    return url if listening(url) else missing(service)


@contextmanager
def mariadb() -> Iterator[str | None]:
    """URL of a MariaDB server: the environment's, the machine's, or a private one for the time of the run."""
    url = os.environ.get("VESTNIK_TEST_MARIADB", "mysql://root@127.0.0.1:3306/")
    if listening(url) and _lets_us_in(url):
        yield url
    elif shutil.which("mariadbd"):
        with _private_mariadb() as own:
            yield own
    else:
        yield None


def _lets_us_in(url: str) -> bool:
    parts = urlsplit(url)
    try:
        pymysql.connect(
            host=parts.hostname, port=parts.port or 3306, user=parts.username or "root", password=parts.password or ""
        ).close()
    except pymysql.MySQLError:
        return False
    return True


@contextmanager
def _private_mariadb() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="vestnik-mariadb-"))
    port = free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            *user,
            f"--datadir={folder}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", *user, f"--datadir={folder}", f"--port={port}", "--bind-address=127.0.0.1",
         f"--socket={folder}/socket", f"--pid-file={folder}/pid"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"mysql://root@127.0.0.1:{port}/"
    try:
        for _ in range(1200):
            if listening(url) and _lets_us_in(url):
                break
            assert server.poll() is None, "the private MariaDB ended as soon as it began"
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
