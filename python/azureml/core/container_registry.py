"""Where images come from."""
from azureml.core._sections import Section, field


class ContainerRegistry(Section):
    """A registry of images and how to sign in there.

    :ivar address: host name, for example ``registry.example.org``.
    :ivar username: None for a public one; with a name, `password` is needed.
    """

    _fields = (
        field("address", comment="Host name of the registry that holds the image; empty for the default one."),
        field("username"),
        field("password"),
        field("registry_identity", is_written=lambda value: value is not None),
    )

    def __init__(self) -> None:
        self.address = None  # type: str
        self.username = None  # type: str
        self.password = None  # type: str
        self.registry_identity = None  # type: object

    def __repr__(self) -> str:
        return "ContainerRegistry(address={!r}, username={!r})".format(self.address, self.username)
