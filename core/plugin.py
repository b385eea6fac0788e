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
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from core.config import faults
from core.errors import N_, Misconfigured, VestnikError


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
            if isinstance(plugin, type) and issubclass(plugin, contract) and plugin.code and _made_in(module, plugin):
                found[plugin.code] = plugin
    return found


def _made_in(module: ModuleType, plugin: type[Plugin]) -> bool:
    """A module that imports a plug-in to build upon does not put that one on the shelf again."""
    return f"{plugin.__module__}.".startswith(f"{module.__name__}.")


def load(package: str, local: Path | None) -> None:
    """Run the modules of a shelf that declare by themselves what they add, as rule words do: ``local/rules/*.py``.

    Raises Misconfigured naming the file that does not load.
    """
    for _ in (*_installed(package), *_local(package, local)):
        pass


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


def suggestion(word: str, known: Iterable[str]) -> VestnikError:
    """ "Did you mean 'x'?" for a near miss, else the list of known words: a value for the message of an error."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return VestnikError(N_("Did you mean {word!r}?"), word=near[0])
    return VestnikError(N_("Known: {words}."), words=", ".join(words))


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
            plugin = _loaded(
                entry.load, N_("Plug-in {what} of an installed package does not load: {error}"), entry.name
            )
            yield sys.modules[plugin.__module__]


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
    sys.modules[name] = module  # dataclasses and pydantic look their module up while it loads
    loader = spec.loader
    _loaded(lambda: loader.exec_module(module), N_("Plug-in file {what} does not load: {error}"), str(file))
    return module


def _loaded(load: Callable[[], Any], template: str, what: str) -> Any:
    try:
        return load()
    except Exception as error:
        raise Misconfigured(template, what=what, error=repr(error)) from error
