"""The machinery of configuration classes: attributes in Python, lowerCamelCase keys in files, one table for both.

A class names its fields once (`Field`); from that come reading with a warning for each unknown key, writing with comments, equality and the text of
`print(config)`. The classes themselves are in `environment`, `runconfig` and `_data_sections`.
"""
import warnings
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from azureml.core._deprecated import deprecated
from azureml.core._naming import a_kind, did_you_mean
from azureml.core._yaml_writer import dump
from azureml.exceptions import RunConfigurationException

Field = NamedTuple("Field", [
    ("attribute", str),          # in Python
    ("key", str),                # in files; found in any case
    ("comment", str),            # what stands above it in files
    ("kind", Optional[type]),    # a Section's class, None for plain values
    ("shape", str),              # "one", "map" (name -> Section) or "list"
    ("is_written", Callable[[Any], bool]),  # whether this value goes into files
])


def field(attribute: str, key: str = "", comment: str = "", kind: Optional[type] = None, shape: str = "one",
          is_written: Callable[[Any], bool] = lambda value: True) -> Field:
    """A Field; the key is made from the attribute where it is not given."""
    words = attribute.split("_")
    return Field(attribute, key or words[0] + "".join(word.capitalize() for word in words[1:]), comment, kind, shape, is_written)


class Place:
    """Where a mapping of a file is, for messages: the file, the path of fields, and the lines of keys."""

    def __init__(self, file: str, path: str = ""):
        self.file = file
        self.path = path

    def below(self, key: str) -> "Place":
        """The place of a field of this mapping."""
        return Place(self.file, "{}.{}".format(self.path, key) if self.path else key)

    def unknown(self, values: Dict[str, Any], key: str, known: Iterable[str]) -> None:
        """Warns that nobody knows a key; it is left out."""
        line = getattr(values, "lines", {}).get(key)
        warnings.warn("{}{}: the field \"{}\" is unknown and left out{}".format(self.file, ", line {}".format(line) if line else "", self.below(key).path,
                                                                               did_you_mean(key, known)), stacklevel=2)

    def wrong(self, message: str) -> RunConfigurationException:
        """An error about this place."""
        return RunConfigurationException("{}: {} {}".format(self.file, self.path or "the document", message))


class Section:
    """Base of configuration classes. Two are equal when they would be written alike."""

    _fields = ()  # type: Tuple[Field, ...]
    _uncompared = ()  # type: Tuple[str, ...]  # attributes that say where something is written, not what it is
    _ignored = ()  # type: Tuple[str, ...]  # keys of old files that are read without a word and mean nothing
    _old = {}  # type: Dict[str, str]  # attributes that the SDK gave up, and what replaces each; assigning one works and says so, a file's value is taken silently

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._old and name in self.__dict__:  # not when the object is made
            deprecated("{}.{}".format(type(self).__name__, name), self._old[name])
        object.__setattr__(self, name, value)

    def _to_dict(self) -> Dict[str, Any]:
        """Key -> plain value, in the order of the table."""
        values = {}
        for each in self._fields:
            value = getattr(self, each.attribute)
            if each.is_written(value):
                values[each.key] = _plain(value)
        return values

    def _read(self, values: Any, place: Place) -> "Section":
        """Takes the fields that `values` has; the others keep their defaults. Returns itself.

        :raises RunConfigurationException: a section is something else than a mapping.
        """
        if values is None:
            return self
        if not isinstance(values, dict):
            raise place.wrong("is {}; a mapping is expected".format(a_kind(values)))
        known = {each.key.lower(): each for each in self._fields}
        for key, value in values.items():
            found = known.get(str(key).lower())
            if found is not None:
                self._read_field(found, value, place.below(found.key))
            elif str(key) not in self._ignored:
                place.unknown(values, key, [each.key for each in self._fields])
        return self

    def _read_field(self, each: Field, value: Any, place: Place) -> None:
        if each.kind is None:
            object.__setattr__(self, each.attribute, _as_default(getattr(self, each.attribute), value, place))
        elif each.shape == "one":
            if value is not None:
                present = getattr(self, each.attribute)
                setattr(self, each.attribute, (present if isinstance(present, each.kind) else each.kind())._read(value, place))
        elif each.shape == "map":
            setattr(self, each.attribute, {name: each.kind()._read(inner, place.below(name)) for name, inner in (value or {}).items()})
        else:
            setattr(self, each.attribute, [each.kind()._read(inner, place) for inner in value or []])

    @classmethod
    def _comments(cls, path: str = "") -> Dict[str, str]:
        """Comment by path, of this class and the sections in it."""
        comments = {}
        for each in cls._fields:
            place = "{}.{}".format(path, each.key) if path else each.key
            comments[place] = each.comment
            if each.kind is not None and each.shape == "one":
                comments.update(each.kind._comments(place))
        return comments

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and self._compared() == other._compared()

    def _compared(self) -> Dict[str, Any]:
        values = {each.attribute: getattr(self, each.attribute) for each in self._fields if each.attribute not in self._uncompared}
        return {each.attribute: values[each.attribute] for each in self._fields if each.attribute in values and each.is_written(values[each.attribute])}

    def __ne__(self, other: Any) -> bool:
        return not self == other

    __hash__ = None  # type: ignore  # they change

    def __repr__(self) -> str:
        return dump(self._to_dict(), self._comments())


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value._to_dict()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _as_default(default: Any, value: Any, place: Place) -> Any:
    """`value` in the shape of a field's default: lists stay lists, nothing is an empty one, a lone value becomes a list of one."""
    if isinstance(default, list):
        if isinstance(value, dict):
            raise place.wrong("is a mapping; a list is expected")
        return [] if value is None else list(value) if isinstance(value, list) else [value]
    if isinstance(default, dict):
        if value is not None and not isinstance(value, dict):
            raise place.wrong("is {}; a mapping is expected".format(a_kind(value)))
        return dict(value or {})
    if isinstance(value, (dict, list)):
        raise place.wrong("is a {}; a single value is expected".format("mapping" if isinstance(value, dict) else "list"))
    if isinstance(default, bool) and not isinstance(value, bool) and value is not None:
        raise place.wrong("is {!r}; true or false is expected".format(value))
    return value


def mistakes_text(head: str, mistakes: List[str]) -> str:
    """One message for all mistakes of an input."""
    return "{}: {}".format(head, mistakes[0]) if len(mistakes) == 1 else "{}:\n{}".format(head, "\n".join("  - " + each for each in mistakes))
