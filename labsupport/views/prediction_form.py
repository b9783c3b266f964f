"""A question that is answered before the cell is run (introduced in 00_start_here)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from labsupport.errors import LabError
from labsupport.learning.material import Prediction
from labsupport.learning.predictions import say
from labsupport.views.card import card, inline, paragraph
from labsupport.views.live import Live, button


class PredictionForm(Live):
    """Ask for a prediction: a number, one of some options, or their order."""

    def __init__(self, prediction: Prediction, guess: Any, keep: Callable[[Any], None]) -> None:
        """Show the newest guess, and hand a new one to `keep`."""
        self._prediction, self._guess, self._keep = prediction, guess, keep
        self._fields = FIELDS[prediction.kind](prediction)
        self._said = widgets.HTML()
        keep_it = button("Keep my prediction")
        keep_it.on_click(lambda _: self.take(self._fields.answer()))
        question = widgets.HTML(card("Predict", paragraph(prediction.ask), kind="ask"))
        super().__init__([question, self._fields.box, widgets.HBox([keep_it, self._said])])
        self.add_class("lab-prediction")
        if guess is not None:
            self._say(f"Your last prediction: <b>{inline(say(prediction, guess))}</b>")

    def take(self, guess: Any) -> None:
        """Keep a guess. It never raises: what is wrong is said beside the button."""
        if guess is None:
            self._say(self._fields.missing)
            return
        try:
            self._keep(guess)
        except LabError as error:
            self._say(inline(f"{error.cause} {error.next_step}"))
            return
        self._guess = guess
        self._say(f"Kept: <b>{inline(say(self._prediction, guess))}</b>. Now run the next cell.")

    def as_html(self) -> str:
        """Return the question, and the guess if there is one."""
        options = "".join(f"<li>{inline(option)}</li>" for option in self._prediction.options)
        listed = f'<ul style="margin: 4px 0">{options}</ul>' if options else ""
        return card(
            "Predict", paragraph(self._prediction.ask) + listed + paragraph(self._state()), kind="ask"
        )

    def as_text(self) -> str:
        """Return the question, and the guess if there is one."""
        return f"Predict: {self._prediction.ask} {self._state()}".strip()

    def _state(self) -> str:
        return "" if self._guess is None else f"Predicted: {say(self._prediction, self._guess)}"

    def _say(self, words: str) -> None:
        self._said.value = f'<span role="status" style="margin-left: 8px">{words}</span>'


class NumberFields:
    """A field for a number."""

    missing = "Write a number first."

    def __init__(self, prediction: Prediction) -> None:
        self._field = widgets.Text(
            placeholder="a number", layout={"width": "120px"}, tooltip=f"your prediction {prediction.unit}"
        )
        self.box = widgets.HBox([self._field, widgets.Label(prediction.unit)])

    def answer(self) -> float | None:
        """Return the number, or None."""
        try:
            return float(self._field.value.strip().replace(",", "."))
        except ValueError:
            return None


class ChoiceFields:
    """A button for each option."""

    missing = "Choose one first."

    def __init__(self, prediction: Prediction) -> None:
        self.box = widgets.ToggleButtons(
            options=prediction.options, value=None, style={"button_width": "auto"}, layout={"width": "auto"}
        )

    def answer(self) -> str | None:
        """Return the option, or None."""
        return self.box.value  # type: ignore[no-any-return]


class OrderFields:
    """A list to choose from for each place."""

    missing = "Give each of them a place of its own first."

    def __init__(self, prediction: Prediction) -> None:
        self._places = [
            widgets.Dropdown(options=[("choose …", None), *((each, each) for each in prediction.options)])
            for _ in prediction.options
        ]
        self.box = widgets.VBox(
            [
                widgets.HBox([widgets.Label(f"{number}."), place])
                for number, place in enumerate(self._places, 1)
            ]
        )

    def answer(self) -> list[str] | None:
        """Return the options in order, or None where one is missing or stands twice."""
        chosen = [place.value for place in self._places]
        return chosen if None not in chosen and len(set(chosen)) == len(chosen) else None


FIELDS: dict[str, Callable[[Prediction], Any]] = {
    "number": NumberFields,
    "choice": ChoiceFields,
    "order": OrderFields,
}
