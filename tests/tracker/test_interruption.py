"""Signals that end the program, sent for real."""

import os
import signal
import sys
import threading

import pytest

from tracker.interruption import Interrupted, SignalGuard

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.kill means something else on Windows")


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_raises_with_the_exit_code_that_shells_report(number, code):
    with pytest.raises(Interrupted) as caught, SignalGuard():
        send(number)
    assert caught.value.exit_code == code


def test_what_must_not_be_broken_off_is_finished_first():
    finished = False
    with pytest.raises(Interrupted), SignalGuard() as guard, guard.deferred():
        send(signal.SIGINT)
        finished = True
    assert finished


def test_an_undisturbed_block_raises_nothing():
    with SignalGuard() as guard:
        for _ in range(3):
            with guard.deferred():
                pass


def test_an_error_inside_a_deferred_block_is_not_hidden_by_the_signal():
    with pytest.raises(ZeroDivisionError), SignalGuard() as guard, guard.deferred():
        send(signal.SIGINT)
        raise ZeroDivisionError


def test_a_hasty_second_signal_does_not_spoil_the_closing_but_a_third_is_obeyed():
    with SignalGuard():
        with pytest.raises(Interrupted):
            send(signal.SIGINT)
        send(signal.SIGINT)
        with pytest.raises(Interrupted):
            send(signal.SIGINT)


def test_the_previous_handlers_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with SignalGuard():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_it_is_harmless_in_a_thread():
    failures = []

    def use():
        try:
            with SignalGuard() as guard, guard.deferred():
                pass
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert not failures
