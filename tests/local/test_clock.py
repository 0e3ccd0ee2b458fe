import pytest

from perdure_local.clock import RealClock, SkippingClock


class Machine:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kind", [RealClock, SkippingClock])
def test_time_is_the_machine_s_and_never_falls(kind):
    machine = Machine()
    clock = kind(machine)
    assert clock.now("a") == 1000.0
    machine.now = 900.0
    assert clock.now("a") == 1000.0
    assert clock.now("b") == 900.0


@pytest.mark.parametrize("kind", [RealClock, SkippingClock])
def test_an_execution_taken_up_again_goes_on_from_where_it_was(kind):
    machine = Machine()
    clock = kind(machine)
    clock.resume("ahead", 8000.0)
    clock.resume("past", 500.0)
    assert (clock.now("ahead"), clock.now("past")) == (8000.0, 1000.0)
    machine.now += 5
    assert clock.now("ahead") == 8005.0
    clock.forget("ahead")
    assert clock.now("ahead") == 1005.0


def test_a_real_clock_sleeps():
    clock = RealClock(Machine())
    assert clock.delay("a", 1060.0, idle=True) == 60.0
    assert clock.delay("a", 990.0, idle=True) == 0.0
    assert clock.now("a") == 1000.0


def test_a_skipping_clock_moves_an_idle_execution_and_no_other():
    clock = SkippingClock(Machine())
    assert clock.delay("a", 8200.0, idle=True) == 0.0
    assert (clock.now("a"), clock.now("b")) == (8200.0, 1000.0)


def test_a_skipping_clock_lets_time_pass_while_something_runs():
    clock = SkippingClock(Machine())
    assert clock.delay("a", 1060.0, idle=False) == 60.0
    assert clock.now("a") == 1000.0


@pytest.mark.parametrize("kind", [RealClock, SkippingClock])
def test_time_goes_on_after_the_machine_s_clock_was_set_back(kind):
    machine = Machine()
    clock = kind(machine)
    assert clock.delay("a", 1005.0, idle=False) == 5.0
    machine.now -= 3600
    assert clock.delay("a", 1005.0, idle=False) == 5.0
    machine.now += 2
    assert (clock.now("a"), clock.delay("a", 1005.0, idle=False)) == (1002.0, 3.0)
    machine.now += 3
    assert clock.delay("a", 1005.0, idle=False) == 0.0
