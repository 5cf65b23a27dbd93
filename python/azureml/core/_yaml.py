"""A reader of YAML as configuration files use it, so that nothing has to be installed; `_yaml_writer` is its other half.

Read: block and flow mappings and lists, plain and quoted scalars, ``|`` and ``>`` texts, comments, one document. Anchors, aliases, tags and merge keys
are refused with the line; so is a key that stands twice. Booleans and numbers are those of YAML 1.2; an empty value is None. Not a general parser.
"""
import re
from typing import Any, Dict, List, Optional, Tuple

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True, "false": False, "False": False,
          "FALSE": False, ".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/",
            "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_REFUSED = {"&": "anchors (&) are not supported: write the value where it is used", "*": "aliases (*) are not supported: write the value itself",
            "!": "tags (!) are not supported", "@": 'a value cannot begin with "@": put it in quotes', "`": 'a value cannot begin with "`": put it in quotes',
            "%": 'a value cannot begin with "%": put it in quotes'}


class YamlError(ValueError):
    """What is wrong, and where.

    :ivar line: from 1.
    """

    def __init__(self, message: str, line: int):
        super().__init__("line {}: {}".format(line, message))
        self.line = line


class Mapping(dict):
    """A dict that knows where its keys stood.

    :ivar lines: key -> line, from 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines = {}  # type: Dict[str, int]


def load(text: str) -> Any:
    """The document's value: Mapping, list, str, int, float, bool or None.

    :raises YamlError: with the line.
    """
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str):
        self._lines = [line.rstrip("\r") for line in text.lstrip("\ufeff").split("\n")]
        self._at = 0

    def _fail(self, message: str, line: Optional[int] = None) -> YamlError:
        return YamlError(message, (self._at if line is None else line) + 1)

    def document(self) -> Any:
        first = self._peek()
        if first is not None and first[1].startswith("%"):
            raise self._fail("directives (%) are not supported")
        if first is not None and re.match(r"---(\s|$)", first[1]):
            self._lines[self._at] = "   " + self._lines[self._at][3:]
        value = self._block(-1)
        rest = self._peek()
        if rest is not None and rest[1] != "...":
            raise self._fail("a second document; one is expected" if rest[1].startswith("---") else "this line belongs to nothing above it; is its indentation right?")
        return value

    def _peek(self) -> Optional[Tuple[int, str]]:
        """Indentation and content of the next line that has any."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            content = line.strip()
            if content and not content.startswith("#"):
                indent = len(line) - len(line.lstrip(" "))
                if line[indent] == "\t":
                    raise self._fail("a tab; indentation is made of spaces")
                return indent, content
            self._at += 1
        return None

    def _block(self, outer: int) -> Any:
        """The value that begins on the next line, indented by more than `outer`; None when there is none."""
        found = self._peek()
        if found is None or found[0] <= outer or found[1] in ("...", "---"):
            return None
        indent, content = found
        if _is_item(content):
            return self._list(indent)
        if content.startswith("? "):
            raise self._fail("complex keys (?) are not supported")
        if self._key(content) is not None:
            return self._mapping(indent)
        return self._value(indent, outer)

    def _list(self, indent: int) -> List[Any]:
        values = []
        found = self._peek()
        while found is not None and found[0] == indent and _is_item(found[1]):
            # What follows the dash is read as if it stood on a line of its own.
            self._lines[self._at] = " " * (indent + 1) + self._lines[self._at][indent + 1:]
            values.append(self._block(indent))
            found = self._peek()
        if found is not None and found[0] > indent:
            raise self._fail("this line is indented by {} spaces; the list by {}".format(found[0], indent))
        return values

    def _mapping(self, indent: int) -> Mapping:
        values = Mapping()
        found = self._peek()
        while found is not None and found[0] == indent and found[1] not in ("...", "---"):
            parsed = self._key(found[1])
            if parsed is None:
                raise self._fail('"key: value" is expected, not {!r}'.format(found[1]))
            key, length = parsed
            line = self._at
            if found[1].startswith("<<"):
                raise self._fail("merge keys (<<) are not supported: write the fields themselves")
            if key in values:
                raise self._fail('the key "{}" stands twice, first in line {}'.format(key, values.lines[key]))
            rest = indent + length
            self._lines[self._at] = " " * rest + self._lines[self._at][rest:]
            values.lines[key] = line + 1
            values[key] = self._after_key(indent, line)
            found = self._peek()
        if found is not None and found[0] > indent:
            raise self._fail("this line is indented by {} spaces; the mapping by {}".format(found[0], indent))
        return values

    def _after_key(self, indent: int, line: int) -> Any:
        found = self._peek()
        if found is None:
            return None
        if self._at == line:
            return self._value(found[0], indent)
        if found[0] == indent and _is_item(found[1]):
            return self._list(indent)
        return self._block(indent)

    def _key(self, content: str) -> Optional[Tuple[str, int]]:
        """Key and length up to its colon, None when the line has none."""
        if content[0] in "\"'":
            end = _quote_end(content, 0)
            match = re.match(r"\s*:(\s|$)", content[end:]) if end > 0 else None
            return (_unquote(content[:end], self._at), end + content[end:].index(":") + 1) if match else None
        if content[0] in "[{":
            return None
        match = re.match(r"([^#]*?(?:\S#[^#]*?)*?)\s*:(?=\s|$)", content)
        if match is None or not match.group(1):
            return None
        if content[0] in _REFUSED:
            raise self._fail(_REFUSED[content[0]])
        return match.group(1), match.end()

    def _value(self, column: int, outer: int) -> Any:
        """A scalar or a flow collection that begins at `column` of the next line."""
        first = self._lines[self._at][column]
        if first in "|>":
            return self._text(column, outer)
        if first in _REFUSED:
            raise self._fail(_REFUSED[first])
        if first in "[{\"'":
            line = self._at
            value, at, end = self._flow(self._at, column)
            tail = self._lines[at][end:].strip()
            self._at = at
            if tail and not tail.startswith("#"):
                raise self._fail("{!r} follows the end of the value".format(tail))
            self._at = max(at, line) + 1
            return value
        return self._plain(column, outer)

    def _plain(self, column: int, outer: int) -> Any:
        line = self._at
        parts = [_without_comment(self._lines[self._at][column:])]
        if re.search(r":(\s|$)", parts[0]):
            raise self._fail('a value with ": " in it must be in quotes')
        self._at += 1
        found = self._peek()
        while found is not None and found[0] > outer and not self._lines[self._at - 1].lstrip().startswith("#") and found[1] not in ("...", "---"):
            if _is_item(found[1]) or self._key(found[1]) is not None:
                raise self._fail("this line is indented deeper than what it belongs to (line {} has a value already)".format(line + 1))
            parts.append(_without_comment(found[1]))
            self._at += 1
            found = self._peek()
        return scalar(parts[0]) if len(parts) == 1 else " ".join(parts)

    def _text(self, column: int, outer: int) -> str:
        """``|`` keeps its lines, ``>`` folds them; ``-`` drops the last newline, ``+`` keeps all."""
        head = re.match(r"([|>])([-+]?)([1-9]?)([-+]?)\s*(#.*)?$", self._lines[self._at][column:])
        if head is None:
            raise self._fail('a text after "|" or ">" begins on the next line')
        self._at += 1
        lines = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= outer:
                break
            lines.append(line)
            self._at += 1
        used = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
        indent = max(outer, 0) + int(head.group(3)) if head.group(3) else min(used) if used else 0
        lines = [line[indent:] for line in lines]
        last = len(lines)
        while last and not lines[last - 1].strip():
            last -= 1
        text = "\n".join(lines[:last]) if head.group(1) == "|" else _fold(lines[:last])
        chomp = head.group(2) or head.group(4)
        if chomp == "-" or not text:
            return text
        return text + "\n" * (len(lines) - last + 1 if chomp == "+" else 1)

    # -- flow ------------------------------------------------------------------------------------------------------

    def _skip(self, at: int, column: int) -> Tuple[int, int]:
        while at < len(self._lines):
            rest = self._lines[at][column:]
            stripped = rest.lstrip()
            if stripped and not (stripped.startswith("#") and (rest != stripped or column == 0)):
                return at, column + len(rest) - len(stripped)
            at, column = at + 1, 0
        raise self._fail("the file ends inside brackets or quotes")

    def _flow(self, at: int, column: int) -> Tuple[Any, int, int]:
        at, column = self._skip(at, column)
        first = self._lines[at][column]
        if first == "[":
            return self._flow_list(at, column + 1)
        if first == "{":
            return self._flow_mapping(at, column + 1)
        if first in "\"'":
            return self._flow_quoted(at, column)
        if first in _REFUSED:
            raise self._fail(_REFUSED[first], at)
        match = re.match(r"(?:(?!\s#|:\s|:$|:[,\]}])[^,\[\]{}])*", self._lines[at][column:])
        text = match.group(0) if match else ""
        return scalar(text.strip()), at, column + len(text)

    def _flow_quoted(self, at: int, column: int) -> Tuple[str, int, int]:
        text = self._lines[at][column:]
        end = _quote_end(text, 0)
        start = at
        while end < 0:
            at += 1
            if at >= len(self._lines):
                raise self._fail("a quoted text does not end", start)
            joint = "\n" if not self._lines[at].strip() else "" if text.endswith(("\n", "\\")) else " "
            text = (text[:-1] if text.endswith("\\") else text.rstrip(" ")) + joint + self._lines[at].strip()
            end = _quote_end(text, 0)
        tail = text[end:]
        return _unquote(text[:end], start), at, len(self._lines[at].rstrip()) - len(tail.rstrip()) if at != start else column + end

    def _flow_list(self, at: int, column: int) -> Tuple[List[Any], int, int]:
        values = []
        at, column = self._skip(at, column)
        while self._lines[at][column] != "]":
            value, at, column = self._flow(at, column)
            values.append(value)
            at, column = self._comma(at, column, "]")
        return values, at, column + 1

    def _flow_mapping(self, at: int, column: int) -> Tuple[Mapping, int, int]:
        values = Mapping()
        at, column = self._skip(at, column)
        while self._lines[at][column] != "}":
            line = at
            key, at, column = self._flow(at, column)
            at, column = self._skip(at, column)
            value = None
            if self._lines[at][column] == ":":
                at, column = self._skip(at, column + 1)
                if self._lines[at][column] not in ",}":
                    value, at, column = self._flow(at, column)
            key = "" if key is None else str(key)
            if key in values:
                raise self._fail('the key "{}" stands twice'.format(key), line)
            values[key] = value
            values.lines[key] = line + 1
            at, column = self._comma(at, column, "}")
        return values, at, column + 1

    def _comma(self, at: int, column: int, end: str) -> Tuple[int, int]:
        at, column = self._skip(at, column)
        found = self._lines[at][column]
        if found == ",":
            return self._skip(at, column + 1)
        if found != end:
            raise self._fail('"," or "{}" is expected, not {!r}'.format(end, found), at)
        return at, column


def _is_item(content: str) -> bool:
    return content == "-" or content.startswith("- ")


def _without_comment(text: str) -> str:
    return re.split(r"\s#", text, maxsplit=1)[0].strip()


def scalar(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _HEXADECIMAL.match(text):
        return int(text, 0)
    return float(text) if _FLOAT.match(text) else text


def _quote_end(text: str, start: int) -> int:
    """Where the quoted text that begins at `start` ends (behind its quote), -1 when it does not."""
    quote = text[start]
    at = start + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
        elif text[at] != quote:
            at += 1
        elif quote == "'" and text[at + 1:at + 2] == "'":
            at += 2
        else:
            return at + 1
    return -1


def _unquote(text: str, line: int) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")

    def one(match: Any) -> str:
        body = match.group(1)
        if body[0] in "xuU":
            return chr(int(body[1:], 16))
        if body not in _ESCAPES:
            raise YamlError('"\\{}" is no escape; a backslash is written "\\\\"'.format(body), line + 1)
        return _ESCAPES[body]

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", one, text[1:-1])


def _fold(lines: List[str]) -> str:
    text = ""
    for number, line in enumerate(lines):
        if number == 0:
            text = line
        elif not line.strip():
            text += "\n"
        else:
            text += line if text.endswith("\n") else " " + line
    return text
