"""How the loops over nodes and pixels are compiled: with numba, kept on disk for the next start."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.compiler import Compiler

_LOG = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable[..., Any])

_ALLOWED = {"reassoc", "contract", "arcp", "nsz"}
"""Arithmetic may be rearranged, but NaN and infinity keep their meaning: a place that is not a number must not be
looked up outside a picture's memory."""
_SOURCES = hashlib.sha256(
    b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()
"""Of all files of this folder: numba itself keeps code until the file that a function stands in changes, and would not
notice a change in another one that it calls."""


class _ApartCompiler(Compiler):  # type: ignore[misc]  # numba has no types
    """Takes all arrays that a function is given to lie apart from each other.

    Only then can several places be looked up at a time while results are written, which is four to twelve times
    faster. No function may be given the same memory for reading and for writing.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.state.flags.noalias = True


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": _ALLOWED,
    "error_model": "numpy",
    "pipeline_class": _ApartCompiler,
    # Inside of what calls it, a function need not count who else uses an array: a quarter of the time.
    "forceinline": True,
}


def inlined(function: _Function) -> _Function:
    """The function, compiled as a part of compiled ones that call it, and kept as a part of them alone."""
    return cast(_Function, numba.njit(function, **_OPTIONS))


def compiled(function: _Function) -> _Function:
    """The function, compiled when it is first called; it lets go of Python's lock.

    What was compiled is kept beside the function's file or, where that cannot be written, in the user's cache folder;
    where neither can, every process compiles anew.
    """
    function.__qualname__ += f"-{_SOURCES[:8]}"  # the name that it is kept under
    try:
        return cast(_Function, numba.njit(function, cache=True, **_OPTIONS))
    except RuntimeError as error:  # numba found no folder to keep it in
        _LOG.debug("%s", error)
        return inlined(function)
