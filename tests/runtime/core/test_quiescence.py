import pytest

from perdure_runtime.core.quiescence import Activity


def test_nothing_parked_is_not_quiet():
    assert not Activity().quiet


def test_something_parked_and_nothing_going_on_is_quiet():
    activity = Activity()
    activity.park("a", 7.0)
    assert activity.quiet
    assert activity.parked == ("a",)
    activity.unpark("a")
    activity.unpark("a")
    assert not activity.quiet


@pytest.mark.parametrize("field", ["bodies", "commits"])
def test_whatever_goes_on_keeps_a_run_from_being_quiet(field):
    activity = Activity()
    activity.park("a", None)
    setattr(activity, field, 1)
    assert not activity.quiet


def test_an_operation_is_waited_for_until_every_line_of_work_has_left_it():
    activity = Activity()
    activity.park("a", 7.0)
    activity.park("a", 7.0)
    activity.unpark("a")
    assert (activity.parked, activity.next_wake, activity.quiet) == (("a",), 7.0, True)
    activity.unpark("a")
    assert (activity.parked, activity.next_wake, activity.quiet) == ((), None, False)


def test_nothing_is_waited_for_once_all_lines_of_work_have_gone():
    activity = Activity()
    for operation_id in "aab":
        activity.park(operation_id, 7.0)
    activity.unpark_all()
    assert (activity.parked, activity.next_wake, activity.quiet) == ((), None, False)
    activity.park("a", None)
    activity.unpark("a")
    assert not activity.quiet


def test_a_body_put_off_for_lack_of_time_is_something_to_wait_for():
    activity = Activity()
    activity.late = 1
    assert activity.quiet
    activity.bodies = 1
    assert not activity.quiet


def test_the_next_wake_is_the_earliest_known():
    activity = Activity()
    assert activity.next_wake is None
    activity.park("callback", None)
    assert activity.next_wake is None
    activity.park("late", 9.0)
    activity.park("early", 3.0)
    assert activity.next_wake == 3.0


def test_activity_shows_its_counts():
    assert repr(Activity()) == "<Activity: 0 parked, 0 bodies, 0 commits>"


def test_the_service_is_asked_when_something_is_due_and_not_again_at_once():
    activity = Activity()
    assert activity.until_asking(10.0) is None
    activity.park("callback", None)
    assert activity.until_asking(10.0) is None
    activity.park("wait", 12.0)
    assert activity.until_asking(10.0) == 2.0
    assert activity.until_asking(12.5) == 0.0
    activity.asked(12.5)
    assert activity.until_asking(12.5) == 1.0
    assert activity.until_asking(13.5) == 0.0
