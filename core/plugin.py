"""The shelves: finding the plug-ins that stand on them, and checking the settings given to each.

A plug-in is a class with a `code` and a `Settings` model in a module of a shelf (``connectors.sources`` …), in the
site's own folder (``local/sources/*.py``), or behind a ``vestnik.plugins`` entry point named ``sources.CODE``. There is
no register to edit.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from core.config import faults
from core.errors import N_, Misconfigured


class Settings(BaseModel):
    """The settings schema of a plug-in: its form, its validation and its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Plugin:
    """What every plug-in states of itself."""

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""
    Settings: ClassVar[type[Settings]] = Settings


P = TypeVar("P", bound=Plugin)


def shelf(package: str, contract: type[P], local: Path | None = None) -> dict[str, type[P]]:
    """All plug-ins of `contract` by code; a site's own (`local` folder) stand before pip's, and those before ours.

    A local file that fails to import raises Misconfigured naming the file.
    """
    found: dict[str, type[P]] = {}
    for module in (*_packaged(package), *_installed(package), *_local(package, local)):
        for plugin in vars(module).values():
            if isinstance(plugin, type) and issubclass(plugin, contract) and plugin.code and plugin is not contract:
                found[plugin.code] = plugin
    return found


def find(package: str, contract: type[P], code: str, local: Path | None = None) -> type[P]:
    """The plug-in named `code`. Raises Misconfigured with the known codes."""
    plugins = shelf(package, contract, local)
    if code in plugins:
        return plugins[code]
    raise Misconfigured(
        N_("There is no plug-in {code!r} in {package}. {hint}"),
        code=code,
        package=package,
        hint=suggestion(code, plugins),
    )


def suggestion(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """``did you mean 'x'?`` for a near miss, else the list of known words."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."


def settings_of(plugin: type[Plugin], values: Mapping[str, Any], *, where: str) -> Any:
    """`values` as the plug-in's own settings. Raises Misconfigured naming `where` and each bad key."""
    try:
        return plugin.Settings.model_validate(dict(values))
    except ValidationError as error:
        raise Misconfigured(N_("[{where}]: {faults}"), where=where, faults=faults(error, plugin.Settings)) from None


def _packaged(package: str) -> Iterator[ModuleType]:
    parent = importlib.import_module(package)
    for entry in pkgutil.iter_modules(parent.__path__):
        yield importlib.import_module(f"{package}.{entry.name}")


def _installed(package: str) -> Iterator[ModuleType]:
    prefix = package.rpartition(".")[2] + "."
    for entry in entry_points(group="vestnik.plugins"):
        if entry.name.startswith(prefix):
            yield sys.modules[entry.load().__module__]


def _local(package: str, folder: Path | None) -> Iterator[ModuleType]:
    shelf_folder = folder / package.rpartition(".")[2] if folder else None
    if not shelf_folder or not shelf_folder.is_dir():
        return
    for file in sorted(shelf_folder.glob("*.py")):
        yield _from_file(file, f"vestnik_local.{shelf_folder.name}.{file.stem}")


def _from_file(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Misconfigured(
            N_("Plug-in file {file} does not load: {error}"), file=str(file), error=repr(error)
        ) from error
    return module
