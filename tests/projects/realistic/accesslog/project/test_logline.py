from datetime import datetime, timezone

from logline import parse

PLAIN = '10.0.0.1 - - [05/Mar/2024:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 512'
FULL = PLAIN + ' "https://example.org/" "Mozilla/5.0"'
# Some proxies write how the upstream answered after the agent.
PROXY = FULL + ' "cdn-7" 200 0 "HIT" "edge"'


def test_plain_line():
    hit = parse(PLAIN)
    assert hit is not None
    assert (hit.host, hit.user, hit.status, hit.size) == ("10.0.0.1", None, 200, 512)
    assert (hit.method, hit.path) == ("GET", "/a")
    assert hit.time == datetime(2024, 3, 5, 10, tzinfo=timezone.utc)
    assert hit.referrer is None


def test_combined_line():
    hit = parse(FULL)
    assert hit is not None
    assert hit.referrer == "https://example.org/"
    assert hit.agent == "Mozilla/5.0"


def test_further_fields_of_a_proxy():
    hit = parse(PROXY)
    assert hit is not None
    assert hit.referrer == "https://example.org/"
    assert hit.agent == "Mozilla/5.0"


def test_another_form():
    assert parse("starting up") is None
