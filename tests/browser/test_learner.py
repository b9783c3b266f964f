"""A learner in JupyterLab: guesses, fails a check, opens a hint, solves it, and comes back the next day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from labsupport.learning import material, solutions
from labsupport.learning.progress import Progress
from tests.browser.conftest import served_course
from tests.browser.lesson import Lesson, set_up_learner
from tests.checkout import ROOT, Checkout

pytestmark = pytest.mark.browser

LEARNER = "mai"


@pytest.fixture
def course(tmp_path: Path, layer_cache: Path) -> Checkout:
    return set_up_learner(tmp_path, LEARNER, cache=layer_cache)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


def fail_and_then_solve(lesson: Lesson, key: str) -> None:
    """Run an exercise's cell as it stands, open a hint, and write the solution."""
    exercise = material.find_exercise(key)
    cell_id = f"exercise-{key.partition('.')[2]}"
    check = lesson.run(cell_id).locator(".lab-check")
    expect(check).to_contain_text("not yet right")
    check.get_by_role("button", name="Hint 1 of 3").click()
    expect(check).to_contain_text("a nudge:")
    lesson.write(cell_id, solutions.solution(ROOT, key))
    expect(lesson.run(cell_id)).to_contain_text(f"Check {exercise.key}: passed")


def answer_the_first_question(lesson: Lesson, number: str, *, rightly: bool) -> None:
    question = next(iter(material.load(number).questions.values()))
    asked = lesson.run("questions").locator(".lab-question").first
    wrong = set(range(len(question.options))) - question.right
    place = min(question.right if rightly else wrong)
    asked.get_by_role("button", name="ABCDE"[place], exact=True).click()
    asked.get_by_role("button", name="Answer", exact=True).click()
    expect(asked).to_contain_text("Right" if rightly else "The question comes back")


def exercises_like(key: str) -> int:
    """Return how many exercises of the course belong to the exam task of this one."""
    task = material.find_exercise(key).exam_task
    exercises = [each for number in material.numbers() for each in material.load(number).exercises.values()]
    return sum(each.exam_task == task for each in exercises)


def test_a_lesson_is_learned_and_remembered(course: Checkout, page: Page) -> None:
    with served_course(course) as url:
        first = Lesson(page, url, "01_lambda_lifecycle", "The life of an execution environment")
        first.run_above("predict-third")
        form = first.run("predict-third").locator(".lab-prediction")
        form.get_by_role("button", name="1 in memory, 3 in /tmp").click()
        form.get_by_role("button", name="Keep my prediction").click()
        expect(form).to_contain_text("Kept: 1 in memory, 3 in /tmp")
        expect(first.run("meet")).to_contain_text("Not as predicted.")
        fail_and_then_solve(first, "01.client")
        answer_the_first_question(first, "01", rightly=False)

        second = Lesson(page, url, "05_s3_thumbnails", "Thumbnails from S3 events")
        second.run_above("exercise-permission")
        fail_and_then_solve(second, "05.permission")
        second.run("step-2-fix")
        form = second.run("predict-there").locator(".lab-prediction")
        form.get_by_role("button", name="not yet").click()
        form.get_by_role("button", name="Keep my prediction").click()
        expect(second.run("step-3-upload").locator("img")).to_be_visible()
        answer_the_first_question(second, "05", rightly=True)
        page.close()
    course.lab("stop")

    with served_course(course) as url:  # the next day
        page = page.context.new_page()
        again = Lesson(page, url, "00_start_here", "Start here")
        setup = again.run("setup-lab")
        expect(setup).to_contain_text("1 questions wait to be answered again")
        expect(setup).to_contain_text(f"1 of {exercises_like('05.permission')}")
    events = Progress(course.home / "progress" / f"{LEARNER}.jsonl").events()
    checks = [(event["key"], event["passed"]) for event in events if event["kind"] == "check"]
    assert checks == [
        ("01.client", False),
        ("01.client", True),
        ("05.permission", False),
        ("05.permission", True),
    ]
    assert [event["tier"] for event in events if event["kind"] == "hint"] == [1, 1]
    assert "1 questions due" in course.lab("status").stdout
