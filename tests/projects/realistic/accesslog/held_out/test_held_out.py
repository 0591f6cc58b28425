from logline import parse

HEAD = '10.0.0.1 - eve [05/Mar/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 512'


def agent_and_referrer(rest):
    hit = parse(HEAD + rest)
    assert hit is not None
    return hit.referrer, hit.agent


def test_fields_after_the_agent():
    assert agent_and_referrer(' "r" "a" "b"') == ("r", "a")
    assert agent_and_referrer(' "r" "a" "b" 404 17') == ("r", "a")
    assert agent_and_referrer(' "r" "a" "b" "c" 200 - "d" 500 1') == ("r", "a")
    assert agent_and_referrer(' "https://x.org/?q=a b" "curl/8" "MISS" 1 "x" "y" "z"') == (
        "https://x.org/?q=a b",
        "curl/8",
    )


def test_dashes_and_empty_fields():
    assert agent_and_referrer(' "-" "-"') == (None, None)
    assert agent_and_referrer(' "" "a" "b"') == (None, "a")
    assert agent_and_referrer("") == (None, None)


def test_the_rest_is_read_as_before():
    hit = parse(HEAD + ' "r" "a" "b" 200 0 "c"')
    assert hit is not None
    assert (hit.user, hit.request, hit.status, hit.size) == ("eve", "GET /a HTTP/1.1", 200, 512)
