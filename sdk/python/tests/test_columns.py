import array
import datetime as dt
import math
import sys
from decimal import Decimal
from typing import Any

import pytest

from tenon import (
    BadConfig,
    BadData,
    Batch,
    Column,
    DataType,
    Field,
    Unsupported,
    boolean,
    float64,
    int8,
    int64,
    types,
    uint8,
    utf8,
)
from tenon.column import DayTime, MonthDayNano, class_of

VALUES: list[tuple[DataType, list[Any]]] = [
    (types.null, [None, None]),
    (boolean, [True, False, None] * 11),
    (int8, [-128, 127, None]),
    (types.uint64, [0, 2**64 - 1, None]),
    (types.float16, [1.5, None]),
    (float64, [math.inf, 0.1, None]),
    (utf8, ["", "a", None, "ünïcödé 😀", "b" * 100]),
    (types.large_utf8, ["x", None]),
    (DataType("vu"), ["x", "y" * 20, None]),
    (types.binary, [b"", b"\xff", None]),
    (types.fixed_size_binary(3), [b"abc", None]),
    (types.date, [dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
    (DataType("tdm"), [dt.date(1969, 12, 31), None]),
    (types.time("s"), [dt.time(23, 59, 59), None]),
    (types.time("us"), [dt.time(1, 2, 3, 4), None]),
    (types.timestamp("us"), [dt.datetime(1969, 1, 1, 0, 0, 0, 1), None]),
    (types.timestamp("ms", "Europe/Paris"), [dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc), None]),
    (types.timestamp("ns"), [dt.datetime(2024, 2, 29, 1, 2, 3, 4), None]),
    (types.duration("us"), [dt.timedelta(days=-1, microseconds=1), None]),
    (types.decimal128(38, 10), [Decimal("-1234567890123456789012345678.0123456789"), None]),
    (DataType("d:9,2,32"), [Decimal("12.30"), None]),
    (DataType("d:76,0,256"), [Decimal(10**75), None]),
    (DataType("tiM"), [14, None]),
    (DataType("tiD"), [DayTime(1, -2), None]),
    (DataType("tin"), [MonthDayNano(1, 2, 3), None]),
    (types.dictionary(utf8, int8), ["a", "b", "a", None]),
    (types.list_of(int64), [[1, None], [], None]),
    (DataType("+w:2", children=(Field("item", int64),)), [[1, None], None]),
    (types.struct(a=int64, b=utf8), [{"a": 1, "b": None}, None]),
    (types.list_of(types.struct(a=types.list_of(boolean))), [[{"a": [True]}, None], None]),
]


@pytest.mark.parametrize(("type", "values"), VALUES, ids=lambda value: str(value)[:30])
def test_values_survive(type: DataType, values: list[Any]) -> None:
    column = type(values)
    assert column.to_list() == values
    assert list(column) == values and column[0] == values[0] and len(column) == len(values)
    assert column.nulls == values.count(None)
    assert [column.is_null(row) for row in range(len(values))] == [value is None for value in values]
    batch = Batch(x=column)
    assert batch["x"].to_list() == values
    assert Batch.concat([batch, batch]).rows == 2 * len(values)
    assert type([]).to_list() == []


def test_maps_are_pairs() -> None:
    entries = Field("entries", types.struct(key=utf8, value=int64), nullable=False)
    column = DataType("+m", children=(entries,))([{"a": 1}, [("b", None)], None])
    assert column.to_list() == [[("a", 1)], [("b", None)], None]


def test_numbers_are_views() -> None:
    column = int64([1, 2, 3])
    assert isinstance(column.values, memoryview) and sum(column.values) == 6
    dates = types.date([dt.date(1970, 1, 2), None])
    assert dates.integers() == [1, None]


def test_buffers_become_columns() -> None:
    assert Batch(x=array.array("d", [1.0, 2.0]))["x"].type == float64
    assert Batch(x=memoryview(array.array("B", [1, 2])))["x"].type == uint8
    assert int64(array.array("q", [5]))[0] == 5


@pytest.fixture
def numpy() -> Any:
    """numpy, where it is installed. No sandbox has it, and nothing but `to_numpy` asks for it."""
    return pytest.importorskip("numpy", reason="numpy is not installed: `pip install numpy`, and `to_numpy` is tested")


def test_numpy_reads_a_column_where_it_lies(numpy: Any) -> None:
    column = float64([1.5, None, -2.0])
    array = column.to_numpy()
    assert array.dtype == numpy.float64 and array[[0, 2]].tolist() == [1.5, -2.0]
    assert numpy.shares_memory(array, numpy.frombuffer(column.buffers[1], dtype="u1"))
    assert not array.flags.writeable, "a column never changes"
    for make in (int8, int64, uint8, types.float16, types.float32, types.date):
        assert make([]).to_numpy().tolist() == []
    assert types.timestamp("us")([7]).to_numpy().tolist() == [7]


def test_a_numpy_array_becomes_a_column(numpy: Any) -> None:
    column = Batch(x=numpy.arange(3))["x"]
    assert column.type == int64 and column.to_list() == [0, 1, 2]
    assert float64(numpy.array([0.5])).to_list() == [0.5]


def test_without_numpy_the_error_says_what_to_call_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(Unsupported, match=r"no numpy.*`values`.*`batch\.eval"):
        float64([1.0]).to_numpy()


@pytest.mark.parametrize(
    ("type", "values", "says"),
    [
        (int8, [1, None, 300], r"can't hold 300 \(row 2\): it takes an integer from -128 to 127"),
        (int64, ["1"], r"can't hold '1' \(row 0\)"),
        (utf8, ["a", 1], r"can't hold 1 \(row 1\): it takes text"),
        (utf8, ["\ud800"], "surrogates"),
        (boolean, [2], "True or False"),
        (types.date, ["2024-01-01"], "dates"),
        (types.decimal128(4, 2), [Decimal("1.234")], "`Decimal` of 4 digits, 2 of them after the point"),
        (types.fixed_size_binary(2), [b"abc"], "length 2"),
        (types.list_of(int64), ["ab"], "lists"),
    ],
)
def test_values_that_do_not_fit_are_named(type: DataType, values: list[Any], says: str) -> None:
    with pytest.raises(BadData, match=says):
        type(values)


def test_what_python_cannot_hold_is_read_as_numbers() -> None:
    column = types.timestamp("s")([10**12])
    with pytest.raises(BadData, match=r"`integers\(\)`"):
        column.to_list()
    assert column.integers() == [10**12]


def test_types_without_values_are_raw() -> None:
    union = DataType("+us:0,1", children=(Field("a", int64), Field("b", utf8)))
    assert class_of(union) is Column
    column = Column(Field("u", union), [], [])
    with pytest.raises(Unsupported, match=r"column `u` is a union \(`\+us:0,1`\) \(`\+us:0,1`\)|`nodes` and `buffers`"):
        column.to_list()


def test_a_column_of_another_type_than_expected_is_refused() -> None:
    batch = Batch(name=["Ada"], amount=[1])
    assert batch.column("amount", int64).to_list() == [1]
    with pytest.raises(BadConfig, match="`name` is of type .*utf8.*int64"):
        batch.column("name", int64)
