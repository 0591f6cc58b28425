from datetime import datetime, timezone

from deadlines import Calls

NOW = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


def test_open_calls():
    calls = Calls(
        {"A": "2024-05-03T12:00Z", "B": "2024-05-01T13:00+02:00", "C": "2024-05-02T00:00Z"}
    )
    assert [call.conference for call in calls.open(NOW)] == ["C", "A"]


def test_reminder():
    calls = Calls({"A": "2024-05-03T12:00Z", "C": "2024-05-02T00:00Z"})
    assert calls.reminder(NOW) == "C: today\nA: 2 days left"


def test_days():
    assert Calls({"A": "2024-05-02", "B": "2024-04-30"}).reminder(NOW) == "A: 1 day left"
