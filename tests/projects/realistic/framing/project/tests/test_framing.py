import io

import pytest

from framing import BadFrame, Decoder, encode
from framing.channel import Channel


def test_encode():
    assert encode({"a": 1}) == b'Length: 7\r\n\r\n{"a":1}'
    assert encode([], kind="list") == b"Length: 2\r\nKind: list\r\n\r\n[]"


def test_byte_by_byte():
    decoder = Decoder()
    found = []
    for number in encode([1, "two"], kind="x"):
        found += decoder.feed(bytes([number]))
    assert found == [[1, "two"]]


def test_several_at_once():
    assert Decoder().feed(encode(1) + encode("b") + b"Len") == [1, "b"]


@pytest.mark.parametrize(
    "data", [b"Kind: x\r\n\r\n1", b"Length: x\r\n\r\n1", b"Length: 1\r\n\r\n{"]
)
def test_bad_frame(data):
    with pytest.raises(BadFrame):
        Decoder().feed(data)


def test_messages_of_a_channel():
    sink = io.BytesIO()
    writer = Channel(io.BytesIO(), sink)
    for message in ("grüß dich", {"price": "5 €"}, "bye"):
        writer.send(message)
    reader = Channel(io.BytesIO(sink.getvalue()), io.BytesIO())
    assert list(reader.messages()) == ["grüß dich", {"price": "5 €"}, "bye"]
