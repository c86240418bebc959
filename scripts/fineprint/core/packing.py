"""Settings as one word of a command line: JSON, or packed where a large study would be longer than Linux lets it be."""

import base64
import json
import zlib
from typing import Any


def pack(value: Any) -> str:
    """Return plain data as letters, digits and `-_=`, without a brace at the beginning."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode("utf-8"))).decode("ascii")


def unpack(text: str) -> Any:
    """Return what was packed, or what JSON text says."""
    if text.startswith(("{", "[")):
        return json.loads(text)
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(text)))
