"""The file a sink writes: what must hold before the run starts, and the care taken with a file it replaces."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tracker.errors import SinkError


class OutputFile:
    """A file to be written, checked when constructed and begun with the first frame.

    Until `begin` nothing is created and a file that is to be replaced stays as it is, so a run that fails at once (no
    such source, no weights) costs nobody an earlier result. From `begin` to `keep` the earlier file lies beside the new
    one under another name; `restore` puts it back.

    A pipe or device (a named pipe that another program reads poses from) is written to as it is and needs no
    `overwrite`: there is nothing in it to lose.
    """

    def __init__(
        self, path: str | Path, *, suffixes: Sequence[str], overwrite: bool, inputs: Sequence[Path] = ()
    ) -> None:
        """Check that `path` can be written.

        suffixes: the extensions, lower case with their dot, that the sink knows how to write.
        overwrite: whether a file that exists may be replaced.
        inputs: files that the run reads and that must never be replaced.

        Raises SinkError for an unknown extension, a missing or read-only folder, a file that exists without
        `overwrite`, and one of the inputs.
        """
        self.path = Path(path)
        self._earlier: Path | None = None
        self._kept = False
        if self.path.suffix.lower() not in suffixes:
            written = f"extension {self.path.suffix}" if self.path.suffix else "no extension"
            raise SinkError(f"{self.path}: {written}; give a name that ends in {' or '.join(suffixes)}")
        try:
            self._check(overwrite, inputs)
        except OSError as error:
            raise SinkError(f"{self.path}: cannot be written: {error.strerror}; give another place") from error

    @property
    def _target(self) -> Path:
        """Where a symbolic link leads: the link stays, its target is replaced."""
        return self.path.resolve()

    @property
    def _is_special(self) -> bool:
        return self._target.exists() and not self._target.is_file()

    def _check(self, overwrite: bool, inputs: Sequence[Path]) -> None:
        folder = self._target.parent
        if not folder.is_dir():
            raise SinkError(f"{self.path}: there is no folder {folder}; create it first")
        if self._target.is_dir():
            raise SinkError(f"{self.path}: is a folder; give the name of a file")
        if self._is_special:
            return
        if self._target.exists():
            if any(given.exists() and given.samefile(self._target) for given in inputs):
                raise SinkError(f"{self.path}: is what the run reads; give the output another name")
            if not overwrite:
                raise SinkError(f"{self.path}: exists already; give another name, or --overwrite to replace it")
            if not os.access(self._target, os.W_OK):
                raise SinkError(f"{self.path}: is write-protected; give another name, or make it writable")
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise SinkError(
                f"{self.path}: cannot write in the folder {folder}: {error.strerror}; choose another folder"
            ) from error

    def begin(self) -> Path:
        """Move an earlier file aside and give the path to write to. Raises SinkError where that is impossible."""
        target = self._target
        if target.is_file():
            earlier = target.with_name(f".{target.name}.{os.getpid()}.earlier")
            try:
                target.replace(earlier)
            except OSError as error:
                raise SinkError(
                    f"{self.path}: cannot be replaced: {error.strerror}; close it where it is open"
                ) from error
            self._earlier = earlier
        return target

    def keep(self) -> None:
        """The new file has begun well: delete the earlier one. Calling it again is allowed."""
        self._kept = True
        if self._earlier is not None:
            self._earlier.unlink(missing_ok=True)
            self._earlier = None

    def restore(self) -> None:
        """The new file could not be begun: put the earlier one back, or leave nothing. Does nothing after `keep`."""
        if self._kept:
            return
        target = self._target
        if self._earlier is not None:
            self._earlier.replace(target)
            self._earlier = None
        elif target.is_file():
            target.unlink()
