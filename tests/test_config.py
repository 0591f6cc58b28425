"""Settings: precedence, what a project may set, and the one sentence for each bad value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heal_lsp import config
from heal_lsp.config import Layer, Settings, load

README = Path(__file__).parents[1] / "README.md"


def test_defaults_come_through():
    loaded = load(())
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_later_layers_win_and_the_origin_is_kept():
    loaded = load((Layer("environment", {"heal.onSave": "off"}), Layer("editor", {"heal.onSave": "test"})))
    assert loaded.settings.on_save == "test"
    assert loaded.origins["heal.onSave"] == "editor"


def test_a_bad_value_names_the_setting_and_what_is_used_instead():
    loaded = load((Layer("editor", {"heal.onSave": "explode", "heal.test.maxSeconds": "soon"}),))
    assert loaded.settings == Settings()
    assert loaded.problems == (
        'editor: heal.onSave must be one of "off", "test", not \'explode\'; "test" is used instead.',
        "editor: heal.test.maxSeconds must be a number from 1 to 3600, not 'soon'; 30 is used instead.",
    )


def test_an_unknown_setting_is_named():
    assert "no setting heal.sped" in load((Layer("editor", {"heal.sped": 1}),)).problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heal.interpreter", "/bin/sh"),
        ("heal.sandbox.allowUnisolated", True),
        ("heal.sandbox.memoryMb", 100000),
        ("heal.sandbox.allowPorts", [5432]),
        ("heal.sandbox.network", True),
        ("heal.sandbox.readOnlyPaths", ["/data"]),
        ("heal.sandbox.env", ["MY_TOKEN"]),
        ("heal.allowTestEdits", True),
        ("heal.test.maxSeconds", 3000),
        ("heal.search.seconds", 3000),
        ("heal.onSave", "test"),
        ("heal.cache.maxMb", 0),
    ],
)
def test_a_project_cannot_steer(name, value):
    loaded = load((Layer("pyproject.toml", {name: value}, from_project=True),))
    assert loaded.settings == Settings()
    assert len(loaded.problems) == 1
    assert name in loaded.problems[0]


def test_what_a_project_may_set():
    given = {
        "heal.test.maxSeconds": 5,
        "heal.onSave": "off",
        "heal.exclude": ["secret/*"],
        "heal.test.paths": ["checks"],
        "heal.test.args": ["-m", "fast"],
    }
    loaded = load((Layer("pyproject.toml", given, from_project=True),))
    assert not loaded.problems
    assert loaded.settings.test_max_seconds == 5
    assert loaded.settings.on_save == "off"
    assert loaded.settings.exclude == (*config.DEFAULT_EXCLUDE, "secret/*")
    assert loaded.settings.test_args == ("-m", "fast")


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("heal.sandbox.allowPorts", "5432, 6379", (5432, 6379)),
        ("heal.sandbox.allowPorts", [5432, 5432], (5432,)),
        ("heal.sandbox.readOnlyPaths", ["/data/../rows", "/data"], ("/rows", "/data")),
        ("heal.sandbox.env", "DATABASE_URL", ("DATABASE_URL",)),
    ],
)
def test_lists_of_the_sandbox(name, given, kept):
    loaded = load((Layer("editor", {name: given}),))
    [field] = [each for each in config.fields() if each.metadata["name"] == name]
    assert (loaded.problems, getattr(loaded.settings, field.name)) == ((), kept)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("heal.sandbox.allowPorts", [80], "a list of port numbers, each a whole number from 1024 to 65535"),
        ("heal.sandbox.allowPorts", 5432, "a list of port numbers"),
        ("heal.sandbox.readOnlyPaths", ["data"], "each an absolute path below the root folder"),
        ("heal.sandbox.readOnlyPaths", ["/"], "each an absolute path below the root folder"),
        ("heal.sandbox.env", ["PATH"], "each a name that the sandbox does not set itself, as it does PATH"),
        ("heal.sandbox.env", ["A=B"], "each a name of letters, digits and underscores"),
        ("heal.sandbox.env", [1], "each a name of letters, digits and underscores"),
    ],
)
def test_bad_lists_of_the_sandbox_are_told(name, given, words):
    loaded = load((Layer("editor", {name: given}),))
    assert loaded.settings == Settings()
    assert len(loaded.problems) == 1
    assert words in loaded.problems[0]
    assert name in loaded.problems[0]


def test_the_users_excludes_are_added_to_the_default():
    loaded = load((Layer("editor", {"heal.exclude": ["*.sqlite"]}),))
    assert loaded.settings.exclude == (*config.DEFAULT_EXCLUDE, "*.sqlite")


def test_nested_and_dotted_keys_are_the_same():
    assert config.flatten({"test": {"maxSeconds": 5}, "heal.onSave": "off"}) == {
        "heal.test.maxSeconds": 5,
        "heal.onSave": "off",
    }
    assert config.flatten({"heal": {"onSave": "off"}}) == {"heal.onSave": "off"}
    assert config.flatten(None) == {}


def test_environment_names():
    layer = config.environment_layer({"HEAL_TEST_MAX_SECONDS": "7", "HEAL_EXCLUDE": "a,b", "OTHER": "x"})
    loaded = load((layer,))
    assert not loaded.problems
    assert loaded.settings.test_max_seconds == 7
    assert loaded.settings.exclude[-2:] == ("a", "b")


def test_a_broken_pyproject_is_one_sentence(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.heal-lsp\n")
    layer, problems = config.project_layer(tmp_path)
    assert layer.values == {}
    assert len(problems) == 1
    assert "pyproject.toml" in problems[0]


@pytest.mark.parametrize("table", ["tool = 3", "[tool]\nheal-lsp = 3", ""])
def test_odd_pyprojects_set_nothing(tmp_path, table):
    (tmp_path / "pyproject.toml").write_text(table)
    assert config.project_layer(tmp_path)[0].values == {}


def test_every_setting_stands_in_the_readmes_table():
    rows = dict(re.findall(r"^\| `(heal\.[\w.]+)` \| (.+?) \|", README.read_text("utf-8"), re.M))
    expected = {each.metadata["name"]: f"`{config.shown(each.default)}`" for each in config.fields()}
    assert rows == expected
    for each in config.fields():
        assert each.metadata["doc"] in README.read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[tool]\nheal-lsp = [1, 2]\n", "heal-lsp must be a table, not [1, 2]"),
        (b"[[tool.heal-lsp]]\nonSave = 'off'\n", "heal-lsp must be a table, not [{'onSave': 'off'}]"),
        (b"tool = 4\n", "tool must be a table, not 4"),
        (b"[project]\nname = 'x'\n# \xe9\n", "pyproject.toml is not UTF-8 (line 3)"),
        (b"[tool\n", "pyproject.toml cannot be read"),
    ],
)
def test_a_project_file_of_another_form_is_named_in_one_sentence(tmp_path, content, said):
    (tmp_path / "pyproject.toml").write_bytes(content)
    layer, problems = config.project_layer(tmp_path)
    assert layer.values == {}
    assert len(problems) == 1
    assert said in problems[0]
    assert "its [tool.heal-lsp] is ignored" in problems[0]
