"""The thread that takes frames and the reader that gets the newest, whatever the device."""

import threading
from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from tracker.sources.live import Captured, LiveSource


class SlowDevice(LiveSource[int]):
    """Gives one frame at once and a second one when told; what it gave is the grey level of the picture."""

    def __init__(self) -> None:
        self.second_may_come = threading.Event()
        super().__init__("slow device", patience_s=5.0)

    def capture(self) -> Generator[Captured[int], None, None]:
        yield Captured(1, 0.0)
        self.second_may_come.wait(5.0)
        yield Captured(2, 0.0)

    def to_image(self, picture: int) -> npt.NDArray[np.uint8]:
        return np.full((4, 6, 3), picture, np.uint8)

    @property
    def is_closing(self) -> bool:
        """The thread looked a moment before the source was closed."""
        return False


def test_a_frame_that_comes_while_the_source_is_closed_is_not_given() -> None:
    device = SlowDevice()
    first = device.read()
    assert first is not None and first.image[0, 0, 0] == 1
    threading.Timer(0.2, device.second_may_come.set).start()
    device.close()  # waits for the thread, which offers its second frame meanwhile
    assert not any("slow device" in thread.name for thread in threading.enumerate())
    assert device.read() is None
