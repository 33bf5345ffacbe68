import threading

import pytest

from renderer import drawing


@pytest.mark.parametrize("fails", [0, 3, 7])
def test_all_parts_are_done_and_what_goes_wrong_in_one_is_told(fails):
    done, lock = set(), threading.Lock()

    def part(number):
        if number == fails:
            raise IndexError(f"part {number}")
        with lock:
            done.add(number)

    with pytest.raises(IndexError, match=f"part {fails}"):
        drawing._do([lambda number=number: part(number) for number in range(8)])
    drawing._do([lambda number=number: done.add(number + 100) for number in range(8)])
    assert done >= {number + 100 for number in range(8)}
