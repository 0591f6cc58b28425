from summary import error_rate, top_paths

LOG = [
    '10.0.0.1 - eve [05/Mar/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 512',
    '10.0.0.2 - - [05/Mar/2024:10:00:01 +0000] "GET /b?q=1 HTTP/1.1" 503 -',
    '10.0.0.1 - eve [05/Mar/2024:10:00:02 +0000] "GET /a?x HTTP/1.1" 200 512',
    "rotated",
]


def test_top_paths():
    assert top_paths(LOG, 1) == [("/a", 2)]


def test_error_rate():
    assert round(error_rate(LOG), 3) == 0.333
    assert error_rate([]) == 0
