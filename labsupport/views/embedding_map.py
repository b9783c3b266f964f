"""Texts as points in two dimensions: what means nearly the same lies close together."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from labsupport.views.png import Picture, as_png

INK, GREY, QUERY = "#1f2937", "#64748b", "#b45309"
LABEL_WIDTH = 26
DOT = 6
"""Half a point's size, in pixels of the figure."""
OFFSETS = [
    (right * far, up * far)
    for far in (11, 24, 40, 60)
    for right, up in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))
]
"""Where a label may stand, in points from its own: near ones first."""

Numbers = npt.NDArray[np.float64]


def embedding_map(
    texts: Sequence[str],
    vectors: Sequence[Sequence[float]],
    *,
    query: tuple[str, Sequence[float]] | None = None,
    neighbours: int = 3,
) -> Picture:
    """Draw texts where their vectors lie (introduced in 10_rag_and_agents).

    The two axes are those along which the vectors differ most (principal components); they have no names, and
    most of the distances is lost. So the lines join what is nearest in all dimensions: the query with its
    neighbours, or each text with its nearest one.

    Args:
        texts: a few words or a sentence each.
        vectors: one for each text, of the length 1.
        query: the question and its vector, drawn as a star.
        neighbours: how many texts are joined with the query.
    """
    labels = [*texts, *([query[0]] if query else [])]
    points = np.array([*vectors, *([query[1]] if query else [])], float)
    pairs = _joined(points, neighbours if query else None)
    return as_png(
        map_figure(labels, points, pairs, has_query=query is not None), alt=_in_words(labels, pairs)
    )


def principal_components(vectors: Numbers) -> Numbers:
    """Return the vectors' places along the two directions in which they differ most."""
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    # Either sign is right. This one makes the picture the same on every machine.
    signs = np.sign(directions[:2][range(2), np.abs(directions[:2]).argmax(axis=1)])
    return np.asarray(centred @ (directions[:2] * signs[:, None]).T)


def map_figure(
    labels: Sequence[str], vectors: Numbers, pairs: Sequence[tuple[int, int]], *, has_query: bool
) -> Figure:
    """Return the picture as a figure. With a query, the last label and vector are the query's."""
    places = principal_components(vectors)
    figure = Figure(figsize=(10, 7), layout="constrained", facecolor="white")
    axes = figure.subplots()
    for one, other in pairs:
        axes.plot(*places[[one, other]].T, color=GREY, linewidth=1.5, linestyle="--", zorder=1)
    number = len(labels) - has_query
    axes.scatter(
        places[:number, 0], places[:number, 1], s=60, color="white", edgecolor=INK, linewidth=2, zorder=2
    )
    if has_query:
        axes.scatter(places[-1, 0], places[-1, 1], s=260, marker="*", color=QUERY, edgecolor=INK, zorder=3)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.18, 0.12)
    joined = "the query with its nearest texts" if has_query else "each text with its nearest one"
    axes.set_title(f"Dashed lines join {joined}, in all dimensions", loc="left", color=INK, fontsize=12)
    _name(axes, labels, places, has_query=has_query)
    return figure


def _name(axes: Axes, labels: Sequence[str], places: Numbers, *, has_query: bool) -> None:
    """Write each label where it covers neither a point nor another label, as near to its own as can be."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    taken = [Bbox([dot - DOT, dot + DOT]) for dot in axes.transData.transform(places)]
    for number in reversed(range(len(labels))):  # the query first
        is_query = has_query and number == len(labels) - 1
        for offset in OFFSETS:
            text = _label(axes, labels[number], places[number], offset, is_query=is_query)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken) or offset == OFFSETS[-1]:
                taken.append(box)
                break
            text.remove()


def _label(
    axes: Axes, label: str, place: Numbers, offset: tuple[int, int], *, is_query: bool
) -> Annotation:  # fmt: skip
    right, up = offset
    text = axes.annotate(
        "\n".join(textwrap.wrap(label, LABEL_WIDTH)), (place[0], place[1]), offset,
        textcoords="offset points", ha={-1: "right", 0: "center", 1: "left"}[(right > 0) - (right < 0)],
        va={-1: "top", 0: "center", 1: "bottom"}[(up > 0) - (up < 0)], fontsize=11, parse_math=False,
        color=QUERY if is_query else INK, fontweight="bold" if is_query else "normal", zorder=4,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )  # fmt: skip
    text.set_in_layout(False)
    return text


def _joined(vectors: Numbers, neighbours: int | None) -> list[tuple[int, int]]:
    """Return the pairs to join: the last with its neighbours, or each with its nearest."""
    nearness = vectors @ vectors.T
    np.fill_diagonal(nearness, -np.inf)
    if neighbours is not None:
        return [(len(vectors) - 1, int(each)) for each in np.argsort(-nearness[-1])[:neighbours]]
    return sorted({(min(n, m), max(n, m)) for n, m in enumerate(map(int, nearness.argmax(axis=1)))})


def _in_words(labels: Sequence[str], pairs: Sequence[tuple[int, int]]) -> str:
    near = "; ".join(f"{labels[one]} and {labels[other]}" for one, other in pairs)
    return f"A map of {len(labels)} texts. Near each other: {near}."
