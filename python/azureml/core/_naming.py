"""Words for messages: the near miss of an unknown name, what a value is; and dictionaries by name."""
from typing import Any, Dict, Iterable


def did_you_mean(wrong: Any, known: Iterable[str]) -> str:
    """``; did you mean "x"?``, or nothing when no name is near."""
    import difflib
    names = {str(each).lower(): str(each) for each in known}
    close = difflib.get_close_matches(str(wrong).lower(), list(names), 1)
    return '; did you mean "{}"?'.format(names[close[0]]) if close else ""


def a_kind(value: Any) -> str:
    """What a value is, for messages: ``None``, ``a dict``, ``an int``."""
    name = type(value).__name__
    return "None" if value is None else "{} {}".format("an" if name[:1].lower() in "aeio" else "a", name)


class _NoSuchName(KeyError):
    """A KeyError whose text is its message as it is; KeyError itself shows it quoted."""

    def __str__(self) -> str:
        return str(self.args[0])


class Named(Dict[str, Any]):
    """A dict by name whose KeyError says what is there.

    :param what: what is in it, for the message: ``experiment``.
    """

    def __init__(self, what: str, items: Dict[str, Any]):
        super().__init__(items)
        self._what = what

    def __missing__(self, name: str) -> Any:
        raise _NoSuchName("there is no {} {!r}{}".format(self._what, name, did_you_mean(name, self)))
