"""The views of notebooks 00, 04 and 99: pictures and tables."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

import pytest
from PIL import Image

from labsupport.server_comparison import ServerComparison
from labsupport.views.cost_curves import cost_curves, traffic_curves
from labsupport.views.inventory_table import inventory_table
from labsupport.views.layer_contents import layer_contents
from labsupport.views.table import Table

COMPARISON = ServerComparison(
    billed_ms=100, memory_mb=512, server_dollars_per_hour=0.05, server_requests_per_second=20
)


@dataclass(frozen=True)
class Thing:
    kind: str
    name: str
    note: str = ""
    created: datetime | None = None


def draw_days(*loads: float):
    days = [COMPARISON.day(f"day {load:g}", [load] * 24) for load in loads]
    return traffic_curves(days, server_requests_per_second=20)


def draw_costs(crossing: float | None):
    return cost_curves(
        COMPARISON.lambda_dollars,
        COMPARISON.server_dollars,
        up_to_requests_per_second=60,
        crossing=crossing,
    )


# Pictures


@pytest.mark.parametrize("draw", [lambda: draw_days(20), lambda: draw_costs(13.4)], ids=["days", "costs"])
def test_the_same_data_gives_the_same_bytes(draw):
    assert draw().data == draw().data


def test_other_data_gives_another_picture():
    assert draw_days(20).data != draw_days(30).data
    assert draw_costs(13.4).data != draw_costs(None).data


def test_a_picture_is_a_png_that_describes_itself_and_needs_no_kernel():
    picture = draw_days(20, 30)
    shown, metadata = picture._repr_mimebundle_()
    assert set(shown) == {"image/png"}
    opened = Image.open(io.BytesIO(picture.data))
    assert opened.format == "PNG" and opened.getpixel((0, 0))[:3] == (255, 255, 255)
    assert metadata["image/png"]["alt"] in repr(picture)
    assert "day 20: Lambda $53.57 a month, 1 server $36.00" in repr(picture)
    assert "day 30: Lambda $80.35 a month, 2 servers $72.00" in repr(picture)


def test_the_crossing_stands_in_the_description():
    assert "first cross at 13.4 requests a second" in repr(draw_costs(13.44))
    assert "don't cross" in repr(draw_costs(None))


# Tables


def test_a_table_is_aligned_text_and_escaped_html():
    table = Table(["Name", "Bytes"], [["<a>", 5], ["longer", None]], caption="a & b", right=["Bytes"])
    assert repr(table) == "Name    Bytes\n<a>         5\nlonger\na & b"
    html = table._repr_html_()
    assert "&lt;a&gt;" in html and "<a>" not in html and "a &amp; b" in html
    assert '<td style="text-align: right">5</td>' in html


def test_a_row_with_too_few_cells_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        repr(Table(["one", "two"], [["alone"]]))


def test_layer_contents_sums_by_package_and_names_the_largest_file():
    files = {"python/PIL/Image.py": b"x" * 1024, "python/PIL/deep/er.py": b"x" * 2048, "python/six.py": b""}
    table = layer_contents(files)
    assert list(table.rows) == [
        ["python/", 1, "0.0 KB", "six.py (0.0 KB)"],
        ["python/PIL/", 2, "3.0 KB", "er.py (2.0 KB)"],
    ]
    assert table.caption == "3 files, 3.0 KB unzipped."


def test_layer_contents_shows_that_the_python_folder_is_missing():
    rows = layer_contents({"PIL/Image.py": b"x", "six.py": b"x"}).rows
    assert [row[0] for row in rows] == ["(top of the zip)", "PIL/"]


@pytest.mark.parametrize(
    ("dollars", "shown"), [(20.214, "20.21"), (0.0000673828, "0.000067"), (0.0, "0.00"), (0.0099, "0.0099")]
)
def test_the_inventory_shows_what_keeping_costs(dollars, shown):
    things = [Thing("bucket", "lab-me-notes", "3 object versions"), Thing("role", "lab-me-hello")]
    table = inventory_table(things, {"lab-me-notes": dollars})
    assert list(table.rows) == [
        ["bucket", "lab-me-notes", "3 object versions", shown],
        ["role", "lab-me-hello", "", None],
    ]
    assert table.caption == "2 resources."


def test_without_prices_the_inventory_has_no_price_column():
    assert inventory_table([Thing("role", "lab-me-hello")]).headers == ["Kind", "Name", "What is in it"]


def test_an_empty_inventory_says_so():
    table = inventory_table([])
    assert repr(table).endswith("Nothing is left: 0 resources.")
    assert "Nothing is left" in table._repr_html_()
