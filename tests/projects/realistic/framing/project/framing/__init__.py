"""Messages over a stream of bytes: a header with the length, a blank line, and JSON."""

from framing.decoder import BadFrame, Decoder
from framing.encoder import encode

__all__ = ["BadFrame", "Decoder", "encode"]
