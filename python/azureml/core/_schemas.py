"""Shapes of the structured metrics (spec 3.4): checked where they are logged, all mistakes at once."""
import json
from typing import Any, Dict, List

from azureml.core._naming import a_kind, did_you_mean
from azureml.core._sections import mistakes_text
from azureml.exceptions import UserErrorException

_FIELDS = {
    "predictions": ("bin_averages", "bin_errors", "bin_counts", "bin_edges"),
    "residuals": ("bin_edges", "bin_counts"),
    "confusion_matrix": ("class_labels", "matrix"),
    "accuracy_table": ("probability_tables", "percentile_tables", "probability_thresholds", "percentile_thresholds", "class_labels"),
}


def checked(schema: str, name: str, value: Any) -> Dict[str, Any]:
    """The metric as plain data that JSON can hold.

    :param value: a dict or its JSON.
    :raises UserErrorException: the shape is another.
    """
    body = _parsed(schema, name, value)
    mistakes = []  # type: List[str]
    if body.get("schema_type") != schema:
        mistakes.append("schema_type is {!r}; {!r} is expected".format(body.get("schema_type"), schema))
    data = body.get("data")
    if not isinstance(data, dict):
        mistakes.append("data is {}; a dict is expected".format(a_kind(data)))
    else:
        plain = {str(key): _plain(each) for key, each in data.items()}
        mistakes += _fields(schema, plain) or _lengths(schema, plain)
        body = dict(body, data=plain)
    if mistakes:
        raise UserErrorException(mistakes_text('the {} "{}" was not logged'.format(schema.replace("_", " "), name), mistakes))
    body.setdefault("schema_version", "v1")
    return body


def _parsed(schema: str, name: str, value: Any) -> Dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UserErrorException('the {} "{}" is no JSON: {}'.format(schema.replace("_", " "), name, error), inner_exception=error) from error
    if not isinstance(value, dict):
        raise UserErrorException('the {} "{}" is {}; a dict or its JSON is expected'.format(schema.replace("_", " "), name, a_kind(value)))
    return dict(value)


def _plain(value: Any) -> Any:
    """numpy arrays and scalars as lists and numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _fields(schema: str, data: Dict[str, Any]) -> List[str]:
    known = _FIELDS[schema]
    found = ["data has no {!r}{}".format(each, did_you_mean(each, [key for key in data if key not in known])) for each in known if each not in data]
    return found + ["data[{!r}] is a {}; a list is expected".format(each, type(data[each]).__name__) for each in known
                    if each in data and not isinstance(data[each], list)]


def _lengths(schema: str, data: Dict[str, Any]) -> List[str]:
    if schema in ("predictions", "residuals"):
        count = len(data["bin_counts"])
        expected = {each: count + (each == "bin_edges") for each in _FIELDS[schema]}
        return ["data[{!r}] has {} entries; {} are expected ({})".format(each, len(data[each]), wanted, "one more than bin_counts" if each == "bin_edges" else "as bin_counts")
                for each, wanted in expected.items() if len(data[each]) != wanted]
    classes = len(data["class_labels"])
    if schema == "confusion_matrix":
        is_square = len(data["matrix"]) == classes and all(isinstance(row, list) and len(row) == classes for row in data["matrix"])
        return [] if is_square else ["data['matrix'] is not {0} x {0}, as class_labels are {0}".format(classes)]
    found = []
    for table, thresholds in (("probability_tables", "probability_thresholds"), ("percentile_tables", "percentile_thresholds")):
        rows = len(data[thresholds])
        is_right = len(data[table]) == classes and all(isinstance(one, list) and len(one) == rows and all(isinstance(row, list) and len(row) == 4 for row in one)
                                                       for one in data[table])
        if not is_right:
            found.append("data[{!r}] is not {} x {} x 4 (class_labels x {} x TP, FP, TN, FN)".format(table, classes, rows, thresholds))
    return found
