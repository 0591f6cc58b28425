"""How our own messages travel through pygls's JSON-RPC classes: their parameters stay plain JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cattrs import Converter
from pygls.protocol import default_converter
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage


def plain_converter() -> Converter:
    """pygls's converter, except that what a message carries is left as dicts and lists.

    pygls turns unknown parameters into objects with attributes, which loses keys that are no identifiers: paths.
    """
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]
    for kind in (JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage):
        converter.register_structure_hook(kind, _structure)
    return converter


def handler(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A bound method as a handler of messages; pygls writes an attribute on it, which a bound method refuses."""

    def handle(params: Any) -> Any:
        return method(params)

    return handle


def _structure(data: Any, kind: type[Any]) -> Any:
    if kind is JsonRPCNotification:
        return JsonRPCNotification(data["method"], data["jsonrpc"], data.get("params"))
    if kind is JsonRPCRequestMessage:
        return JsonRPCRequestMessage(data["id"], data["method"], data["jsonrpc"], data.get("params"))
    return JsonRPCResponseMessage(data["id"], data["jsonrpc"], data.get("result"))
