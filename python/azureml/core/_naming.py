"""Dictionaries by name, and the near miss: unknown names get "did you mean"."""
from typing import Any, Dict, Iterable


def did_you_mean(wrong: Any, known: Iterable[str]) -> str:
    """``; did you mean "x"?``, or nothing when no name is near."""
    import difflib
    names = {str(each).lower(): str(each) for each in known}
    close = difflib.get_close_matches(str(wrong).lower(), list(names), 1)
    return '; did you mean "{}"?'.format(names[close[0]]) if close else ""


class Named(Dict[str, Any]):
    """A dict by name whose KeyError says what is there.

    :param what: what is in it, for the message: ``experiment``.
    """

    def __init__(self, what: str, items: Dict[str, Any]):
        super().__init__(items)
        self._what = what

    def __missing__(self, name: str) -> Any:
        raise KeyError("there is no {} {!r}{}".format(self._what, name, did_you_mean(name, self)))
