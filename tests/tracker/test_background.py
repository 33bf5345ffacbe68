import threading

import pytest

from tracker.background import Background

LONG = 1000.0


def test_the_result_is_computed_in_another_thread():
    with Background(threading.get_ident, delay_s=0) as background:
        assert background.result() != threading.get_ident()


def test_asking_for_the_result_does_not_wait_for_the_delay():
    with Background(lambda: 5, delay_s=LONG) as background:
        assert background.result() == 5


def test_work_begins_after_the_delay_without_being_asked_for():
    begun = threading.Event()
    with Background(begun.set, delay_s=0.01):
        assert begun.wait(timeout=30)


def test_what_the_work_raises_is_raised_where_the_result_is_asked_for():
    with Background(lambda: 1 / 0, delay_s=0) as background, pytest.raises(ZeroDivisionError):
        background.result()


def test_leaving_early_leaves_the_work_undone():
    done = []
    with Background(lambda: done.append(1), delay_s=LONG):
        pass
    assert not done


def test_leaving_waits_for_work_that_has_begun():
    begun, finish, done = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        finish.wait()
        done.append(1)

    with Background(work, delay_s=0):
        begun.wait()
        threading.Timer(0.05, finish.set).start()
    assert done
