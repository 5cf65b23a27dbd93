"""What may be logged, and the shapes of get_metrics (spec 3.3, 19.1)."""
import math
import unittest

from azureml.core import _values
from azureml.exceptions import UserErrorException
from interactive_server import in_columns


class Scalar:
    """What numpy's and PyTorch's values look like."""

    def __init__(self, value):
        self._value = value

    def item(self):
        if isinstance(self._value, list):
            raise ValueError("can only convert an array of size 1")
        return self._value


class Number(float):
    def __repr__(self):
        return "Number({})".format(float(self))


def series(name, kind, points, columns=()):
    return in_columns(name, kind, columns, points)


class PlainTest(unittest.TestCase):
    def test_numbers_and_texts(self):
        for given, expected in [(1, 1), (0.5, 0.5), ("x", "x"), (True, 1), (Scalar(2), 2), (Scalar(0.25), 0.25), (Number(1.5), 1.5), (10 ** 30, 1e30), (10 ** 400, math.inf)]:
            found = _values.plain("m", given)
            self.assertEqual(found, expected)
            self.assertIn(type(found), (int, float, str))
        self.assertEqual(repr(_values.plain("m", Number(1.5))), "1.5")

    def test_anything_else_is_refused_by_name(self):
        for given in (None, [1], {"a": 1}, Scalar([1, 2]), object(), b"x"):
            with self.assertRaises(UserErrorException) as caught:
                _values.plain("loss", given)
            self.assertIn('"loss"', caught.exception.message)

    def test_lists_take_any_iterable(self):
        self.assertEqual(_values.plain_list("m", range(3)), [0, 1, 2])
        self.assertEqual(_values.plain_list("m", (Scalar(i) for i in (1, 2.5))), [1, 2.5])
        for given in ("text", 5):
            self.assertRaises(UserErrorException, _values.plain_list, "m", given)

    def test_tables_are_rows(self):
        self.assertEqual(_values.table_rows("t", {"a": [1, 2], "b": ["x", 0.5]}), (["a", "b"], [[1, "x"], [2, 0.5]]))
        self.assertEqual(_values.table_rows("t", {"a": 1, "b": "x"}), (["a", "b"], [[1, "x"]]))
        with self.assertRaises(UserErrorException) as caught:
            _values.table_rows("t", {"a": [1, 2], "b": [3]})
        self.assertIn("a: 2, b: 1", caught.exception.message)


class ShapesTest(unittest.TestCase):
    def shape(self, *all_series):
        return _values.shape_metrics(list(all_series))

    def test_one_scalar_is_itself_and_more_are_a_list(self):
        self.assertEqual(self.shape(series("acc", "scalar", [("t1", [0.1])])), {"acc": 0.1})
        self.assertEqual(self.shape(series("acc", "scalar", [("t1", [0.1]), ("t2", [0.2])])), {"acc": [0.1, 0.2]})

    def test_lists_are_joined(self):
        self.assertEqual(self.shape(series("l", "list", [("t1", [1, 2]), ("t2", [3])])), {"l": [1, 2, 3]})
        self.assertEqual(self.shape(series("l", "list", [("t1", [5])])), {"l": [5]})

    def test_rows_are_columns(self):
        self.assertEqual(self.shape(series("r", "row", [("t1", [1, 2])], "xy")), {"r": {"x": 1, "y": 2}})
        self.assertEqual(self.shape(series("r", "row", [("t1", [1, 2]), ("t2", [3, 4])], "xy")), {"r": {"x": [1, 3], "y": [2, 4]}})

    def test_tables_are_lists_even_with_one_row(self):
        self.assertEqual(self.shape(series("t", "table", [("t1", [1, 2])], "xy")), {"t": {"x": [1], "y": [2]}})

    def test_a_name_in_several_shapes_keeps_its_order(self):
        self.assertEqual(self.shape(series("m", "scalar", [("t1", [1]), ("t3", [4])]), series("m", "list", [("t2", [2, 3])])), {"m": [1, 2, 3, 4]})

    def test_numbers_that_json_lacks_come_back(self):
        found = self.shape(series("n", "scalar", [("t1", ["NaN"]), ("t2", ["Infinity"]), ("t3", ["-Infinity"]), ("t4", ["text"])]))["n"]
        self.assertTrue(math.isnan(found[0]))
        self.assertEqual(found[1:], [math.inf, -math.inf, "text"])

    def test_an_unknown_name_is_an_empty_dict(self):
        self.assertEqual(self.shape(), {})
