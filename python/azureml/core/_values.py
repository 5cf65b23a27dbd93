"""What users log, as plain numbers and texts; and what comes back, in the shapes of ``get_metrics`` (spec 3.3)."""
from typing import Any, Dict, Iterable, List, Optional, Tuple

from azureml.core._naming import a_kind
from azureml.exceptions import UserErrorException

_LARGEST = 1 << 63
_LONGEST_NAME = 1000  # bytes


def plain(name: str, value: Any) -> Any:
    """A number (int or float) or a text. numpy scalars, arrays and tensors of one element are taken out; True is 1.

    :raises UserErrorException: for anything else; the message names the metric.
    """
    kind = type(value)
    if kind is float or kind is str:
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value) if -_LARGEST <= value < _LARGEST else _as_float(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    return _taken_out(name, value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _taken_out(name: str, value: Any) -> Any:
    item = getattr(value, "item", None)
    if callable(item):
        try:
            inner = item()
        except (TypeError, ValueError):  # more than one element
            inner = value
        if isinstance(inner, (int, float, str)):
            return plain(name, inner)
    for convert in ("__float__", "__index__"):
        if hasattr(value, convert) and not hasattr(value, "__len__"):
            try:
                return float(value)
            except (TypeError, ValueError, OverflowError):
                break
    raise UserErrorException('the value of metric "{}" is {}; a number or a string is expected{}'.format(name, a_kind(value), _instead(value)))


def _instead(value: Any) -> str:
    if isinstance(value, dict):
        return ": log_row takes columns, log_table a dict of them"
    return ": log_list takes several" if isinstance(value, (list, tuple)) or hasattr(value, "__len__") else ""


def metric_name(name: Any) -> str:
    """A metric's name as a text.

    :raises UserErrorException: it is None, empty, or longer than 1000 bytes.
    """
    text = name if type(name) is str else "" if name is None else str(name)
    if not text:
        raise UserErrorException("the name of a metric is {}; a text is expected".format("None" if name is None else "empty"))
    if len(text) > 250 and len(text.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise UserErrorException('the name of the metric "{}..." has {} characters; at most {} are allowed'.format(text[:60], len(text), _LONGEST_NAME))
    return text


def metric_step(name: str, step: Any) -> Optional[int]:
    """A step as an int, None as None.

    :raises UserErrorException: it is no whole number.
    """
    try:
        whole = None if step is None else int(step)
    except (TypeError, ValueError, OverflowError):
        whole = _LARGEST
    if whole is not None and not -_LARGEST <= whole < _LARGEST:
        raise UserErrorException('the step of metric "{}" is {!r}; a whole number is expected'.format(name, step))
    return whole


def plain_list(name: str, values: Iterable[Any]) -> List[Any]:
    """The values of any iterable, each as by :func:`plain`."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise UserErrorException('the value of metric "{}" is {}; a list is expected'.format(name, a_kind(values)))
    values = list(values)
    try:
        return [plain(name, value) for value in values]
    except UserErrorException:
        at = next(at for at, value in enumerate(values) if not _is_plain(name, value))
        raise UserErrorException('value {} of the list of metric "{}" is {}; a number or a string is expected'.format(at, name, a_kind(values[at]))) from None


def _is_plain(name: str, value: Any) -> bool:
    try:
        plain(name, value)
        return True
    except UserErrorException:
        return False


def row_values(name: str, row: Dict[str, Any]) -> List[Any]:
    """The values of a row, each as by :func:`plain`.

    :raises UserErrorException: one is something else; the message names its column.
    """
    try:
        return [plain(name, value) for value in row.values()]
    except UserErrorException:
        column = next(column for column, value in row.items() if not _is_plain(name, value))
        raise UserErrorException('column "{}" of row "{}" is {}; a number or a string is expected'.format(column, name, a_kind(row[column]))) from None


def table_rows(name: str, value: Dict[str, Any]) -> Tuple[List[str], List[List[Any]]]:
    """Columns and rows of a dict column -> list; a dict of scalars is one row, and a pandas DataFrame is taken as its columns.

    :raises UserErrorException: when the lists differ in length.
    """
    if hasattr(value, "columns") and callable(getattr(value, "to_dict", None)):
        value = value.to_dict("list")
    if not isinstance(value, dict) or not value:
        raise UserErrorException('the value of table "{}" is {}; a dict column -> list is expected'.format(name, a_kind(value)))
    columns = [_column(name, each) for each in value.values()]
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join("{}: {}".format(key, len(column)) for key, column in zip(value, columns))
        raise UserErrorException('the columns of table "{}" differ in length ({})'.format(name, lengths))
    return [str(key) for key in value], [list(row) for row in zip(*columns)]


def _column(name: str, value: Any) -> List[Any]:
    is_scalar = isinstance(value, (str, bytes, int, float)) or not hasattr(value, "__iter__") or getattr(value, "shape", None) == ()
    return [plain(name, value)] if is_scalar else plain_list(name, value)


_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def from_wire(value: Any) -> Any:
    """A value of the API: numbers that JSON cannot hold come as ``{"f": "NaN"}`` or, of a series of numbers, as the bare text."""
    if isinstance(value, dict) and "f" in value:
        return _SPECIAL.get(value["f"], value["f"])
    return _SPECIAL.get(value, value) if isinstance(value, str) else value


Points = List[Tuple[str, List[str], List[Any], str]]  # kind, columns, values, time


def shape_metrics(series: List[Dict[str, Any]]) -> Dict[str, Any]:
    """``get_metrics()`` from the API's list of series in the layout "columns", each ``{"name", "kind", "columns", "times", "values"}``.

    One scalar is the scalar, several a list; lists are joined; rows and tables become a dict column -> scalar or list. A name that was logged in
    several shapes has its points in order of time.
    """
    by_name = {}  # type: Dict[str, List[Dict[str, Any]]]
    for each in series:
        by_name.setdefault(each["name"], []).append(each)
    shaped = {name: _shape_scalars(several[0]["values"]) if len(several) == 1 and several[0]["kind"] == "scalar" else _shape_one(_in_order(several))
              for name, several in by_name.items()}
    return {name: value for name, value in shaped.items() if value is not None}


def _shape_scalars(values: List[Any]) -> Any:
    """The commonest shape, which may have very many points."""
    if any(type(value) is not float and type(value) is not int for value in values):
        values = [from_wire(value) for value in values]
    return values if len(values) > 1 else values[0] if values else None


def _in_order(several: List[Dict[str, Any]]) -> Points:
    points = [(each["kind"], each["columns"], values if isinstance(values, list) else [values], time)
              for each in several for time, values in zip(each["times"], each["values"])]
    if len(several) > 1:
        points.sort(key=lambda point: point[3])  # stable
    return points


def _shape_one(points: Points) -> Optional[Any]:
    if not points:
        return None
    kinds = {kind for kind, _, _, _ in points}
    if kinds & {"row", "table"}:
        return _shape_rows([point for point in points if point[0] in ("row", "table")], kinds)
    values = [from_wire(value) for _, _, several, _ in points for value in several]
    return values[0] if len(points) == 1 and "list" not in kinds else values


def _shape_rows(points: Points, kinds: Any) -> Dict[str, Any]:
    columns = {}  # type: Dict[str, List[Any]]
    for _, names, values, _ in points:
        for column, value in zip(names, values):
            columns.setdefault(column, []).append(from_wire(value))
    if len(points) == 1 and "table" not in kinds:
        return {column: several[0] for column, several in columns.items()}
    return columns
