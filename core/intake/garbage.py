"""While pages are read, Python seldom looks for reference cycles: rows make none, and looking took a tenth of it."""

from __future__ import annotations

import gc
import threading
from types import TracebackType

_NEW_OBJECTS = 20_000  # between two looks; Python's own 700 are less than a page of rows makes


class _Seldom:
    """The first pull of a process sets it, and the last one puts it back, whichever threads they run in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual = gc.get_threshold()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._usual = gc.get_threshold()
                if 0 < self._usual[0] < _NEW_OBJECTS:  # 0: switched off
                    gc.set_threshold(_NEW_OBJECTS, *self._usual[1:])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                gc.set_threshold(*self._usual)


seldom_collecting = _Seldom()
