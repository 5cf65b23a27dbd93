"""What the SDK has and this version does not offer yet: names that import, and a clear word where they are used."""
from typing import Any

from azureml.exceptions import UserErrorException


class NotOfferedException(UserErrorException, AttributeError):
    """This version of stoker does not offer it yet. An AttributeError too, so that ``hasattr`` tells the truth."""


def not_yet(what: str, instead: str = "") -> NotOfferedException:
    """The exception that says so.

    :param what: in the user's words.
    :param instead: what to do now.
    """
    return NotOfferedException("{} {} not offered by this version of stoker yet{}".format(what, "are" if what.endswith("s") else "is", "; " + instead if instead else ""))


class _Refusing(type):
    """Classes that are there to be imported: calling one, or asking it for anything, says that it is not offered."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise not_yet(cls._what)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_yet("{}.{}".format(cls.__name__, name))


def placeholder(name: str, module: str, what: str) -> Any:
    """A class of that name for `module`.

    :param what: what it stands for, in the plural: ``datasets``.
    """
    return _Refusing(name, (), {"__doc__": "Stands for {}, which this version does not offer yet; any use says so.".format(what), "__module__": module,
                                "_what": "{} ({})".format(name, what) if not what.endswith("s") else what})
