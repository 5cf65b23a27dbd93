"""A writer of YAML, for what `_yaml` reads: block style, empty collections in flow style, None as nothing."""
import re
from typing import Any, Dict, List, Optional

from azureml.core._yaml import scalar


def dump(value: Any, comments: Optional[Dict[str, str]] = None) -> str:
    """YAML text of a value of dicts, lists and scalars, keys in their order.

    :param comments: what stands above a field, by its path with dots: ``{"environment.python": "Which Python."}``.
    """
    lines = []  # type: List[str]
    if isinstance(value, dict) and value:
        _put_mapping(lines, value, 0, "", comments or {})
    elif isinstance(value, (list, tuple)) and value:
        _put_list(lines, value, 0, "", comments or {})
    else:
        lines.append(_text_of(value))
    return "\n".join(lines) + "\n"


def _put_mapping(lines: List[str], values: Dict[Any, Any], indent: int, path: str, comments: Dict[str, str]) -> None:
    for key, value in values.items():
        place = "{}.{}".format(path, key) if path else str(key)
        if comments.get(place):
            lines.append(" " * indent + "# " + comments[place])
        _put(lines, " " * indent + _text_of(key if isinstance(key, str) else str(key)) + ":", value, indent, place, comments)


def _put(lines: List[str], head: str, value: Any, indent: int, path: str, comments: Dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        lines.append(head)
        _put_mapping(lines, value, indent + 2, path, comments)
    elif isinstance(value, (list, tuple)) and value:
        lines.append(head)
        _put_list(lines, value, indent, path, comments)
    elif value is None:
        lines.append(head)
    elif _is_lines(value):
        lines.append(head + (" |" if value.endswith("\n") else " |-"))
        lines.extend(" " * (indent + 2) + line if line else "" for line in (value[:-1] if value.endswith("\n") else value).split("\n"))
    else:
        lines.append(head + " " + _text_of(value))


def _put_list(lines: List[str], values: Any, indent: int, path: str, comments: Dict[str, str]) -> None:
    for value in values:
        if isinstance(value, (dict, list, tuple)) and value:
            inner = []  # type: List[str]
            (_put_mapping if isinstance(value, dict) else _put_list)(inner, value, indent + 2, path, comments)
            lines.append(" " * indent + "- " + inner[0][indent + 2:])
            lines.extend(inner[1:])
        else:
            lines.append(" " * indent + "- " + ("''" if value == "" else "null" if value is None else _text_of(value)))


def _is_lines(value: Any) -> bool:
    """Whether a text can be written with its lines as they are."""
    return (isinstance(value, str) and "\n" in value.rstrip("\n") and not value.startswith((" ", "\n")) and not value.endswith("\n\n")
            and all(line == line.rstrip() and (line.isprintable() or not line) for line in value.split("\n")))


def _text_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    if not isinstance(value, str):
        return str(value)
    needs_quotes = (not isinstance(scalar(value), str)) or value != value.strip() or value[:1] in "&*!|>%@`\"'#[]{},?:-" and not re.match(r"[-:?][^\s]", value)
    if not needs_quotes and value.isprintable() and not re.search(r":(\s|$)|\s#", value) and value not in ("---", "...", "<<"):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(named.get(c) or (c if c.isprintable() else "\\x%02x" % ord(c) if ord(c) < 256 else "\\u%04x" % ord(c) if ord(c) < 65536
                                          else "\\U%08x" % ord(c)) for c in value) + '"'
