"""The bytes that run are those that the file would hold."""

from __future__ import annotations

import pytest

from heal_lsp.core.model import Candidate, VerdictKind
from heal_lsp.core.text import difference, digest
from heal_lsp.verifier.requests import on_disk

TEST = (
    "import pathlib\nimport calc\n\n\n"
    "def test_bytes():\n    assert calc.right() == 1\n"
    "    assert pathlib.Path(calc.__file__).read_bytes() == {expected!r}\n"
)
BODY = "# é\r\ndef right():\r\n\tname = 'é'\r\n\treturn {}"
CASES = {
    "crlf, tabs, no newline at the end": ("", "utf-8", b""),
    "a byte order mark": ("", "utf-8", b"\xef\xbb\xbf"),
    "a latin-1 cookie": ("# -*- coding: latin-1 -*-\r\n", "latin-1", b""),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_candidate_is_written_in_the_encoding_of_its_file(project, case):
    cookie, encoding, mark = CASES[case]
    base, fixed = cookie + BODY.format(0), cookie + BODY.format(1)
    expected = mark + fixed.encode(encoding)
    project.write({"calc.py": mark + base.encode(encoding), "test_calc.py": TEST.format(expected=expected)})
    project.unsaved["calc.py"] = base
    task = project.task("calc.py", ("test_calc.py::test_bytes",))
    verifier = project.verifier()
    await verifier.baseline(task)
    fix = Candidate(digest(base), {"calc.py": difference(base, fixed)})

    verdict = await verifier.verify(fix)

    assert verdict.passed, verdict.reason
    assert (await verifier.confirm(fix)) is not None


async def test_a_character_that_the_encoding_lacks_is_refused_with_the_reason(project):
    base = "# coding: latin-1\ndef f():\n    return 0\n"
    project.write({"calc.py": base, "test_calc.py": "import calc\n\n\ndef test_f():\n    assert calc.f()\n"})
    task = project.task("calc.py", ("test_calc.py::test_f",))
    verifier = project.verifier()
    await verifier.baseline(task)

    verdict = await verifier.verify(
        Candidate(digest(base), {"calc.py": difference(base, base.replace("0", "'\N{SNOWMAN}'"))})
    )

    assert verdict.kind is VerdictKind.REFUSED
    assert "calc.py" in verdict.reason


def test_a_new_cookie_decides(tmp_path):
    (tmp_path / "a.py").write_bytes("x = 'é'\n".encode())

    assert on_disk(tmp_path, "a.py", "# coding: latin-1\nx = 'é'\n").endswith(b"\xe9'\n")
    assert on_disk(tmp_path, "new.py", "x = 'é'\n") == "x = 'é'\n".encode()
    assert (
        on_disk(tmp_path, "a.py", "# coding: nonsense\nx = 'é'\n") == "# coding: nonsense\nx = 'é'\n".encode()
    )
