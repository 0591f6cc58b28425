"""Tell the failures that a change of code can mend from those that it cannot."""

from __future__ import annotations

import re
import sys

from heal_lsp.core.model import (
    Baseline,
    Failure,
    Obstacle,
    ObstacleKind,
    Target,
    TargetKind,
    Task,
    TestOutcome,
)

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_SECRET = re.compile(r"\b[A-Z0-9_]*(?:API_?KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)[A-Z0-9_]*\b")


def unhealable(target: Target | None, reason: str) -> Obstacle | None:
    """The obstacle of having no function to repair, if there is none."""
    if target is None:
        return Obstacle(
            ObstacleKind.NO_TARGET,
            reason or "No function of this workspace was found behind the failure.",
            "Put the cursor into the function that you suspect and heal that one.",
        )
    if target.kind is TargetKind.MODULE:
        return Obstacle(
            ObstacleKind.NO_TARGET,
            reason
            or f"The failure comes from a statement of the module {target.path}, outside any function.",
            "Move the statement into a function, or mend it by hand: only functions are repaired.",
        )
    return None


def flaky(test: str) -> Obstacle:
    """The obstacle of a test whose outcome is chance."""
    return Obstacle(
        ObstacleKind.FLAKY,
        f"{test} failed and then passed with the same code.",
        "Make the test independent of time, order and chance first; a fix could not be told from luck.",
    )


def diagnose(task: Task, baseline: Baseline) -> Obstacle | None:
    """What keeps this task from being repaired by a change of its target; None when nothing does."""
    if baseline.obstacle is not None:
        return baseline.obstacle
    outcome = {each.id: each.outcome for each in baseline.tests}
    if task.failing[0] in baseline.flaky:
        return flaky(task.failing[0])
    denied = [
        each for each in baseline.tests if each.id in task.failing and each.outcome is TestOutcome.DENIED
    ]
    if denied:
        said = denied[0].failure.message if denied[0].failure else ""
        return Obstacle(
            ObstacleKind.DENIED,
            f"{denied[0].id} needs what the sandbox denies. {said}".strip(),
            "Give the test a stand-in for what it reaches, or run it in a terminal with the report plugin.",
        )
    if all(outcome.get(each) is TestOutcome.PASSED for each in task.failing):
        return Obstacle(
            ObstacleKind.ALREADY_PASSES,
            f"{task.failing[0]} passes with the code as it is now.",
            "Run the tests again to refresh what is shown.",
        )
    missing = [each for each in task.failing if outcome.get(each) in (None, TestOutcome.SKIPPED)]
    if missing:
        return Obstacle(
            ObstacleKind.NO_TESTS,
            f"{missing[0]} did not run: it was skipped, or there is no such test any more.",
            "Run the tests again to see what fails now.",
        )
    failures = [each.failure for each in baseline.tests if each.id in task.failing and each.failure]
    return next((found for each in failures if (found := _beyond_code(each)) is not None), None)


def _beyond_code(failure: Failure) -> Obstacle | None:
    if failure.exception == "ModuleNotFoundError" and (found := _NO_MODULE.search(failure.message)):
        name = found[1].partition(".")[0]
        if name not in sys.stdlib_module_names:
            return Obstacle(
                ObstacleKind.MISSING_PACKAGE,
                f"The module {found[1]} is not installed in the project's environment.",
                f"Install the package that provides {name} there, or correct the import.",
            )
    if failure.exception == "KeyError" and (secret := _SECRET.search(failure.message)):
        return Obstacle(
            ObstacleKind.DENIED,
            f"The code asks for {secret[0]}, which is not set inside the sandbox.",
            "Give the test a value of its own (monkeypatch.setenv): real credentials never enter the sandbox.",
        )
    return None
