"""The one error of stoker's Python packages: what the server or the ``stoker`` program answered, unchanged."""
import json
from typing import Any, Dict, List, Optional


class StokerError(Exception):
    """An expected failure.

    :ivar code: stable name, for example ``not_found`` or ``source.script_not_found`` (docs/reference/errors.md).
    :ivar message: what happened, for a person.
    :ivar cause: what was below it, or an empty string.
    :ivar hint: what to do next, or an empty string.
    :ivar mistakes: every mistake of the input, each ``{"path": ..., "message": ...}``.
    :ivar retryable: whether the same call may succeed later.
    """

    def __init__(self, code: str, message: str, hint: str = "", cause: str = "", mistakes: Optional[List[Dict[str, str]]] = None,
                 retryable: bool = False):
        super().__init__(message)
        self.code = code
        self.message = message
        self.cause = cause
        self.hint = hint
        self.mistakes = list(mistakes or [])
        self.retryable = retryable

    @classmethod
    def from_json(cls, body: Any, fallback: str = "") -> "StokerError":
        """From an error body ``{"error": {"code", "message", ...}}``; anything else becomes the code ``protocol`` with `fallback`."""
        inner = body.get("error") if isinstance(body, dict) else None
        if not isinstance(inner, dict):
            return cls("protocol", fallback or "the answer is not one of a stoker server")
        return cls(inner.get("code") or "internal", inner.get("message") or fallback, inner.get("hint") or "", inner.get("cause") or "",
                   inner.get("mistakes") or [], bool(inner.get("retryable")))

    @classmethod
    def from_text(cls, text: str, fallback: str) -> "StokerError":
        """From the text of an answer; what is no JSON becomes the code ``protocol`` with `fallback`."""
        try:
            return cls.from_json(json.loads(text), fallback)
        except ValueError:
            return cls("protocol", fallback)

    def __str__(self) -> str:
        lines = [self.message]
        if self.cause:
            lines.append("  because: " + self.cause)
        lines += ["  - {}: {}".format(each.get("path", ""), each.get("message", "")) for each in self.mistakes]
        if self.hint:
            lines.append("  try: " + self.hint)
        return "\n".join(lines)
