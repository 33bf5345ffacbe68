"""Errors of sources, sinks and options; each kind has an exit code of its own (docs/errors.md lists them all)."""

from __future__ import annotations

from models.errors import FpnLiveError


class UsageError(FpnLiveError):
    """Options that contradict each other or have a value outside their range."""

    exit_code = 2


class SourceError(FpnLiveError):
    """A source that is not there or cannot be read."""

    exit_code = 10


class EmptySourceError(SourceError):
    """A source that opens but holds no frame."""

    exit_code = 11


class CameraError(SourceError):
    """A camera or stream that is not there, or that stopped delivering."""

    exit_code = 12


class ListError(SourceError):
    """A list file with a malformed line; the message names the line."""

    exit_code = 13


class DetectorError(FpnLiveError):
    """A detector model that is missing or does not load."""

    exit_code = 14


class SinkError(FpnLiveError):
    """An output that cannot be written."""

    exit_code = 15


class NeutralError(FpnLiveError):
    """A file of neutral poses that cannot be read or written."""

    exit_code = 17


class DisplayError(SinkError):
    """A window that cannot be opened."""

    exit_code = 16
