"""What notebooks ask of their learners, and the notebooks that ask it: predictions, exercises, questions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

from labsupport.learning import checks, material, solutions
from labsupport.learning.material import Material
from labsupport.learning.readiness import EXAM_TASKS

ROOT = Path(__file__).parents[2]
NUMBERS = material.numbers()
FEWEST_EXERCISES, QUESTIONS = 2, range(4, 7)
CHANGES = re.compile(
    r"(put|create|delete|update|add|remove|publish|send|receive|tag|untag|start|stop|copy|upload|purge)_\w+"
    r"|invoke|publish"
)

each_material = pytest.mark.parametrize("number", NUMBERS)


def notebook(number: str) -> nbformat.NotebookNode:
    [path] = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def code(number: str) -> str:
    return "\n".join(cell.source for cell in notebook(number).cells if cell.cell_type == "code")


def to_solve(content: Material) -> list[str]:
    return [name for name, exercise in content.exercises.items() if exercise.start]


def test_there_is_some() -> None:
    assert "00" in NUMBERS


# Predictions


@each_material
def test_each_prediction_is_asked_and_then_compared(number: str) -> None:
    text = code(number)
    asked = re.findall(r'lab\.predict\("([\w-]+)"\)', text)
    assert sorted(asked) == sorted(material.load(number).predictions)
    for name in asked:
        assert text.index(f'lab.predict("{name}")') < text.index(f'lab.compare("{name}"'), name


@each_material
def test_each_prediction_can_be_answered(number: str) -> None:
    for prediction in material.load(number).predictions.values():
        assert prediction.kind in material.KINDS, prediction.key
        assert prediction.ask.endswith(("?", ".")), prediction.key
        assert (len(prediction.options) >= 2) == (prediction.kind != "number"), prediction.key
        assert len(set(prediction.options)) == len(prediction.options), prediction.key


# Exercises


@each_material
def test_each_exercise_stands_in_its_cell(number: str) -> None:
    cells = {name: cell for cell in notebook(number).cells if (name := solutions.exercise_of(cell))}
    content = material.load(number)
    assert sorted(cells) == sorted(to_solve(content))
    assert len(cells) >= FEWEST_EXERCISES
    for name, cell in cells.items():
        assert cell.id == f"exercise-{name}"
        assert cell.source == content.exercises[name].start
        assert "# your turn" in cell.source


@each_material
def test_each_check_is_asked_in_the_notebook(number: str) -> None:
    asked = re.findall(r'lab\.check\("([\w-]+)"\)', code(number))
    assert set(asked) == set(material.load(number).exercises)
    assert sorted(checks.keys(number)) == sorted(e.key for e in material.load(number).exercises.values())


@each_material
def test_each_exercise_has_a_solution_and_the_usual_wrong_ones(number: str) -> None:
    content = material.load(number)
    for name in to_solve(content):
        key, ending = f"{number}.{name}", f'lab.check("{name}")'
        right, wrong = solutions.solution(ROOT, key), solutions.wrong_ones(ROOT, key)
        assert wrong, f"{key} has no wrong solution"
        for source in (content.exercises[name].start, right, *wrong.values()):
            assert source.endswith(ending), source
            assert len(source.splitlines()) <= 14
        assert len({content.exercises[name].start, right, *wrong.values()}) == 2 + len(wrong)
        assert key.partition(".")[2] in checks._module(number).RESETS, f"{key} can't be started again"


def test_solutions_belong_to_exercises() -> None:
    known = {f"{number}/{name}" for number in NUMBERS for name in to_solve(material.load(number))}
    assert {f"{path.parent.name}/{path.name}" for path in (ROOT / "solutions").glob("*/*")} == known


@each_material
def test_each_exercise_has_three_hints_and_the_last_one_is_exact(number: str) -> None:
    for exercise in material.load(number).exercises.values():
        assert len(set(exercise.hints)) == 3 and all(exercise.hints), exercise.key
        assert exercise.exam_task in EXAM_TASKS
        if exercise.start:
            assert "`" in exercise.hints[2], f"{exercise.key}: the last hint shows no code"


@each_material
def test_a_check_changes_nothing(number: str) -> None:
    module = checks._module(number)
    tree = ast.parse(Path(module.__file__).read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    pending = [check.__name__ for check in module.CHECKS.values()]
    seen = set()
    while pending:  # the checks, and what they call in their module
        name = pending.pop()
        seen.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Attribute):
                assert not CHANGES.fullmatch(node.attr), f"{name} calls {node.attr}"
            if isinstance(node, ast.Name) and node.id in functions.keys() - seen:
                pending.append(node.id)


# Questions


@each_material
def test_questions_have_one_best_answer_or_two(number: str) -> None:
    questions = material.load(number).questions.values()
    assert len(questions) in QUESTIONS
    for question in questions:
        assert (len(question.options), len(question.right)) in ((4, 1), (5, 2)), question.key
        assert question.text.endswith("?"), question.key
        assert question.exam_task == "" or question.exam_task in EXAM_TASKS, question.key
        for option in question.options:
            assert option.text and option.why.endswith("."), f"{question.key}: {option.text}"
        assert len({option.text for option in question.options}) == len(question.options)


@each_material
def test_the_right_answers_are_not_always_in_one_place(number: str) -> None:
    places = {place for question in material.load(number).questions.values() for place in question.right}
    assert len(places) >= 3


@each_material
def test_no_answer_can_be_read_in_the_notebook(number: str) -> None:
    text = "\n".join(cell.source for cell in notebook(number).cells)
    for question in material.load(number).questions.values():
        assert question.text not in text
        assert not any(option.why in text for option in question.options)
