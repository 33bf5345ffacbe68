"""The machine a benchmark ran on, in a line, for tables that people compare."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine_line() -> str:
    """Processor, cores that may be used, system and Python version."""
    return f"{_processor()}, {_usable_cores()} cores, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    return platform.processor() or platform.machine()


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
