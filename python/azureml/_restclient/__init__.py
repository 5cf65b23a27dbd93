"""Two constants that user code sets (spec 9.3); nothing else of the SDK's REST layer is here."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
