"""How a rate key's pace falls and recovers."""

from services.processor.provider.pace import FIRST_RATE, LEAST_RATE, SHARE_OF_TOLD, Pace


def entered() -> Pace:
    return Pace().answered(0.0, started=0.0)


def test_an_unknown_rate_key_is_entered_gently_and_opens_with_its_first_answer() -> None:
    assert Pace().rate(0.0) == FIRST_RATE
    assert entered().rate(1.0) is None


def test_a_refusal_takes_the_pace_below_what_was_passing() -> None:
    cut = entered().refused(10.0, started=9.9, passing=50.0)
    assert cut.rate(10.0) == 40.0


def test_calls_in_flight_together_count_as_one_refusal() -> None:
    cut = entered().refused(10.0, started=9.9, passing=50.0)
    assert cut.refused(10.1, started=9.95, passing=50.0) is cut


def test_it_comes_back_nearly_to_the_limit_then_slowly_and_forgets_it_in_the_end() -> None:
    cut = entered().refused(10.0, started=9.9, passing=50.0).answered(10.2, started=10.1)
    rates = [cut.rate(10.2 + seconds) or 0.0 for seconds in (0, 2, 5, 12, 20)]
    assert rates == sorted(rates)
    assert 48 < rates[2] < 49
    assert 50 < rates[3] < 52
    assert rates[4] > 55
    assert cut.rate(10.2 + 60) is None


def test_an_answer_to_a_call_from_before_the_cut_speeds_nothing_up() -> None:
    cut = entered().refused(10.0, started=9.9, passing=50.0).answered(10.05, started=9.8)
    assert cut.rate(30.0) == 40.0
    assert cut.refused_since == 10.0


def test_a_rate_key_that_refuses_everything_is_tried_ever_less_and_remembers_since_when() -> None:
    pace, now = entered(), 10.0
    for _ in range(40):
        pace = pace.refused(now, started=now, passing=50.0)
        now += 1.0
    assert pace.rate(now) == LEAST_RATE
    assert pace.refused_since == 10.0
    back = pace.answered(now, started=now)
    assert back.refused_since == 0.0
    assert 48 < (back.rate(now + 5.0) or 0.0) < 49


def test_a_told_limit_is_never_exceeded() -> None:
    told = entered().told_rate(100.0)
    assert told.rate(0.0) == 100.0 * SHARE_OF_TOLD
    cut = told.refused(10.0, started=9.9, passing=90.0).answered(10.1, started=10.05)
    assert 90 < (cut.rate(10.1) or 0.0) < 100 * SHARE_OF_TOLD
    assert cut.rate(1000.0) == 100.0 * SHARE_OF_TOLD


def test_small_changes_of_a_told_limit_are_noise() -> None:
    told = entered().told_rate(100.0)
    assert told.told_rate(103.0) is told
    assert told.told_rate(50.0).told == 50.0
    assert told.told_rate(0.0) is told


def test_two_workers_know_the_later_refusal_together() -> None:
    early = entered().told_rate(100.0).refused(10.0, started=10.0, passing=50.0)
    late = entered().refused(12.0, started=12.0, passing=30.0)
    for both in (early.merged(late), late.merged(early)):
        assert (both.cut_time, both.told) == (12.0, 100.0)
    assert Pace().merged(entered()).entered
