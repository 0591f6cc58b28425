"""Writing messages."""

from __future__ import annotations

import json
from typing import Any

ENCODING = "utf-8"


def encode(message: Any, kind: str | None = None) -> bytes:
    """A message as it goes over the stream, perhaps with a header that says its kind."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(ENCODING)
    headers = [f"Length: {len(body)}"]
    if kind is not None:
        headers.append(f"Kind: {kind}")
    head = "\r\n".join(headers) + "\r\n\r\n"
    return head.encode(ENCODING) + body
