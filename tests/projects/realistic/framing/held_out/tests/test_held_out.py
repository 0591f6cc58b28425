import pytest
from framing import Decoder, encode

TEXTS = ["", "a", "é", "日本語", "😀", "ß" * 500, "mixed é and 😀\r\n\r\nLength: 3", "\u2028"]


@pytest.mark.parametrize("kind", [None, "note", "größe"])
def test_length_is_that_of_the_bytes(kind):
    for text in TEXTS:
        head, _, body = encode(text, kind).partition(b"\r\n\r\n")
        assert head.split(b"\r\n")[0] == b"Length: %d" % len(body)
        assert body.decode("utf-8").startswith('"')


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_there_and_back(size):
    data = b"".join(encode(text, "k") for text in TEXTS)
    decoder = Decoder()
    found = []
    for start in range(0, len(data), size):
        found += decoder.feed(data[start : start + size])
    assert found == TEXTS


def test_characters_are_written_as_they_are():
    assert "é😀".encode() in encode(["é😀"])
    assert encode("é") == b'Length: 4\r\n\r\n"\xc3\xa9"'
