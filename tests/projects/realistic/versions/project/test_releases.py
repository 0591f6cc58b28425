from releases import latest


def test_latest():
    assert str(latest(["v1.0.0", "v1.2.0", "v1.1.9"])) == "1.2.0"


def test_prereleases_on_demand():
    tags = ["v1.0.0", "v1.1.0rc1"]
    assert str(latest(tags)) == "1.0.0"
    assert str(latest(tags, prereleases=True)) == "1.1.0rc1"


def test_nothing():
    assert latest(["nightly"]) is None
