from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracker.sources.web_server import WebServer, web_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    with web_server(tmp_path) as running:
        yield running
