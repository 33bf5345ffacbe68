"""The one family of errors a user can mend; it lives in the lowest folder so that every layer can raise it."""


class FpnLiveError(Exception):
    """What went wrong, with what, and what to do about it, in one line for the terminal.

    `exit_code` is what the program returns to the shell; every kind of failure has its own.
    """

    exit_code = 1


class WeightsError(FpnLiveError):
    """Network weights or a face model that are missing, unreadable or not the ones the manifest names."""

    exit_code = 20


class DeviceError(FpnLiveError):
    """A compute device that was asked for and is not there."""

    exit_code = 21


class CalibrationError(FpnLiveError):
    """A camera calibration file that cannot be understood; the message names the line where it can."""

    exit_code = 22
