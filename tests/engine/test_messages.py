"""Every message survives the wire, and what does not fit is one typed error."""

from __future__ import annotations

import json

import pytest

from heal_lsp.config import Settings
from heal_lsp.core.model import (
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    FileChange,
    Fix,
    Frame,
    Located,
    Outcome,
    OutcomeKind,
    Report,
    Snapshot,
    Suspect,
    Target,
    TargetKind,
    TestOutcome,
    TestResult,
    Value,
)
from heal_lsp.core.text import Edit
from heal_lsp.engine import messages
from heal_lsp.engine.wire import plain_converter

FAILURE = Failure(
    FailureKind.EXCEPTION,
    "KeyError",
    "'ü😀'",
    "src/a b.py",
    3,
    (Frame("src/a b.py", 3, "f"),),
    "t.py::t[a-b]",
    values=(Value("x", "{}"),),
)
TARGET = Target("src/a b.py", "f", "A.f", TargetKind.METHOD, 0, 9, 1, 2)
FIX = Fix(
    Candidate("d", {"src/a b.py": (Edit(1, 2, "\r\n"),)}, "search", "swap", 1.5),
    (FileChange("src/a b.py", "old", "new"),),
    Evidence(("t.py::t[a-b]",), ()),
)
RECORDS = [
    messages.RunTests("j", Snapshot("/w", {"a.py": "x"}), Settings(), saved=("a.py",)),
    messages.RunReply(
        Report(
            "/w", tests=(TestResult("t", TestOutcome.FAILED, 0.1, FAILURE),), coverage={"t": {"a.py": (1, 2)}}
        ),
        (Located(FAILURE, TARGET, (Suspect("a.py", 1, 0.5),), "a frame"), Located(FAILURE, None)),
    ),
    messages.Repair("j", Snapshot("/w"), Settings(), FAILURE),
    messages.Reverify("j", Snapshot("/w"), Settings(), FAILURE, FIX),
    Outcome(OutcomeKind.HEALED, "m", fix=FIX, alternatives=(FIX.candidate,)),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: type(each).__name__)
def test_records_survive_json(record):
    wire = json.loads(json.dumps(messages.unstructure(record)))
    assert messages.structure(wire, type(record)) == record


@pytest.mark.parametrize("data", [None, 3, [], {}, {"job": "j"}, {"job": "j", "snapshot": {"root": []}}])
def test_what_does_not_fit_is_a_value_error(data):
    with pytest.raises(ValueError, match="not a valid Repair"):
        messages.structure(data, messages.Repair)


def test_parameters_stay_plain_json_on_the_wire():
    from pygls.protocol.json_rpc import JsonRPCRequestMessage

    params = {"texts": {"src/a b.py": "x", "class": 1}}
    data = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": params}
    assert plain_converter().structure(data, JsonRPCRequestMessage).params == params
