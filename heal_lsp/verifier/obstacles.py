"""What may stand in the way of a run, in words for people."""

from __future__ import annotations

from heal_lsp.core.model import Failure, Obstacle, ObstacleKind

_SYNTAX = ("SyntaxError", "IndentationError", "TabError")


def lost_worker(why: str) -> Obstacle:
    """The sandbox failed."""
    return Obstacle(
        ObstacleKind.INFRASTRUCTURE,
        f"The sandbox stopped working: {why}.",
        "Run `heal-lsp doctor` to see what is wrong with it.",
    )


def no_overlay(why: str) -> Obstacle:
    """The workspace can be neither overlaid nor copied."""
    return Obstacle(
        ObstacleKind.NO_SANDBOX,
        f"This workspace cannot be shown in the sandbox without the risk of changing it: {why}.",
        "Move it to a local disk, or open a smaller folder.",
    )


def no_script(path: str) -> Obstacle:
    """A script that is not there."""
    return Obstacle(
        ObstacleKind.NO_TESTS,
        f"There is no file {path} in the workspace.",
        "Give a path inside the workspace folder.",
    )


def no_such_test(test: str) -> Obstacle:
    """An id that matches nothing."""
    return Obstacle(
        ObstacleKind.NO_TESTS,
        f"Nothing matches {test}: there is no such test.",
        "Run the whole file to see which tests it has now.",
    )


def none_in(path: str) -> Obstacle:
    """A file or folder without tests."""
    return Obstacle(
        ObstacleKind.NO_TESTS,
        f"{path} has no tests.",
        "Write a test there, or run the tests of the file that tests it.",
    )


def no_tests() -> Obstacle:
    """Nothing was collected."""
    return Obstacle(
        ObstacleKind.NO_TESTS,
        "No tests were found.",
        "Write a test in a file named test_*.py, or set heal.test.paths if the tests lie elsewhere.",
    )


def broken_collection(words: str) -> Obstacle:
    """No test could be collected."""
    return Obstacle(ObstacleKind.COLLECTION, words, "Mend the import first: no test can run before.")


def broken_import(error: Failure) -> Obstacle:
    """No test could be collected, because of an exception while a file was imported."""
    where = f"{error.path}, line {error.line}" if error.line else error.path
    said = error.message.rstrip(".")
    if error.exception in _SYNTAX:
        return Obstacle(
            ObstacleKind.COLLECTION,
            f"{where}, is no valid Python: {said}.",
            "Correct that line first: no test can run before.",
        )
    words = f"{error.exception}: {said}" if said else error.exception
    return broken_collection(f"Collecting the tests failed at {where}: {words}.")


def usage(words: str) -> Obstacle:
    """pytest did not begin."""
    said = " ".join(words.split())
    return Obstacle(
        ObstacleKind.COLLECTION,
        f"pytest refuses to start: {said[-300:] or 'it gave no reason'}",
        "Look at the project's pytest configuration and at heal.test.args.",
        words,
    )


def too_slow(words: str) -> Obstacle:
    """The time was over."""
    return Obstacle(
        ObstacleKind.TIMEOUT,
        words,
        "Raise heal.test.maxSeconds, or run fewer tests at a time with heal.test.paths.",
    )


def denied(what: str, why: str) -> Obstacle:
    """What was to run needs what the sandbox denies."""
    return Obstacle(
        ObstacleKind.DENIED,
        f"{what} needs what the sandbox denies. {why}",
        "Run it in a terminal with the report plugin, or give it a stand-in for what it reaches.",
    )


def unwritable(path: str, why: str) -> Obstacle:
    """An unsaved text that no file could hold."""
    return Obstacle(
        ObstacleKind.INFRASTRUCTURE,
        f"The text of {path} does not fit the encoding of its file: {why}.",
        "Change the coding cookie in its first lines, or remove the character.",
    )
