from __future__ import annotations

import pytest

from tests.tracker.sinks.fake_window import FakeWindow


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> FakeWindow:
    fake = FakeWindow()
    monkeypatch.setattr("tracker.sinks.window.cv2", fake)
    monkeypatch.setattr("tracker.sinks.window.require_display", lambda: None)
    return fake
