import pytest
from flights import categorise
from flights.category import Thresholds
from flights.plausible import impossible
from flights.tail_number import clean, is_american
from tenon import BadConfig, Batch, testing


def flights() -> Batch:
    return Batch(
        dep_delay=[2, None, 4, -3, 0],
        arr_delay=[11, None, 20, -18, 150],
        tailnum=[" n14228", None, "N24211", "D942DN", "N668DN"],
        air_time=[227, None, 65, 183, 116],
        distance=[1400, 1416, 762, 1576, 762],
    )


def test_flights_are_categorised_cleaned_and_refused() -> None:
    output = testing.run(categorise, flights())
    assert output.batch["delay_category"].to_list() == ["on time", "cancelled", "very late"]
    assert output.batch["tailnum"].to_list() == ["N14228", None, "N668DN"]
    assert [row for row, _ in output.rejected] == [2, 3]
    assert output.rejected[0][1] == "762 miles in 65 minutes are 703 mph, above 700"
    assert output.rejected[1][1].startswith("D942DN is no tail number")


def test_thresholds_must_be_in_order() -> None:
    with pytest.raises(BadConfig, match=r"very_late_after \(20 minutes\) is less than late_after \(30 minutes\)"):
        testing.run(categorise, flights(), late_after=30, very_late_after=20)


def test_every_flight_has_a_category() -> None:
    category = Thresholds(15, 120).category
    assert [category(0, delay) for delay in (-1, 0, 15)] == ["early", "on time", "on time"]
    assert [category(0, delay) for delay in (16, 120, 121)] == ["late", "late", "very late"]
    assert [category(None, None), category(0, None)] == ["cancelled", "diverted"]


def test_impossible_flights_are_told_apart() -> None:
    assert impossible(0, 0, 227, 1400) is None
    assert impossible(0, 0, -5, 762) == "-5 minutes in the air"
    assert impossible(0, 0, 60, 0) == "0 miles between its airports"
    assert impossible(None, 3, None, None) == "it arrived, but never left"


def test_tail_numbers_are_cleaned_and_checked() -> None:
    assert (clean(" n14228 "), clean("N619AA"), clean("  ")) == ("N14228", "N619AA", None)
    assert is_american("N14228") and is_american("N619AA")
    assert not any(map(is_american, ("D942DN", "N", "N123456", "NABC")))
