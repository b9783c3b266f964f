"""What memory changes, as sums and as a picture."""

from __future__ import annotations

import io
import math

import pytest
from PIL import Image

from labsupport.cost import gb_seconds
from labsupport.memory_curve import MemoryCurve, MemorySetting, cpu_share
from labsupport.views.memory_curves import CPU, IO, RING_POINTS, memory_curves, memory_figure

MEMORY_MB = (128, 256, 512, 1024, 1769, 3008)


def curve(*durations_ms: float) -> MemoryCurve:
    return MemoryCurve(
        tuple(
            MemorySetting(memory_mb, duration_ms, math.ceil(duration_ms), 40)
            for memory_mb, duration_ms in zip(MEMORY_MB, durations_ms, strict=True)
        )
    )


def memory_of(settings: tuple[MemorySetting, ...]) -> list[int]:
    return [setting.memory_mb for setting in settings]


CPU_BOUND = curve(2021.3, 1012.0, 508.0, 255.1, 148.9, 147.2)
IO_BOUND = curve(1024.0, 1008.1, 1007.2, 1007.0, 1006.4, 1006.1)


def test_1769_mb_are_one_vcpu_and_one_thread_cannot_use_more() -> None:
    assert cpu_share(1769) == cpu_share(3008) == 1
    assert cpu_share(128) == pytest.approx(0.0724, abs=0.0001)
    assert cpu_share(1024) == 8 * cpu_share(128)


def test_a_gb_second_is_a_second_with_1024_mb() -> None:
    assert gb_seconds(1, billed_ms=1000, memory_mb=1024) == 1
    assert gb_seconds(1_000_000, billed_ms=100, memory_mb=512) == 50_000


def test_a_setting_is_priced_by_what_was_billed_not_by_the_duration_or_the_used_memory() -> None:
    setting = MemorySetting(memory_mb=512, duration_ms=60.2, billed_ms=100, max_memory_mb=40)
    assert setting.gb_seconds(1_000_000) == 50_000
    assert setting.million_dollars == pytest.approx(0.20 + 50_000 * 0.0000166667)
    assert setting.dollars(1_000_000, architecture="arm64") == pytest.approx(0.20 + 50_000 * 0.0000133334)
    assert setting.dollars(1_000_000, free_tier=True) == 0


def test_of_cpu_bound_work_the_fastest_and_cheapest_setting_is_one_vcpu() -> None:
    assert memory_of(CPU_BOUND.fastest()) == [1769, 3008]
    assert memory_of(CPU_BOUND.cheapest()) == [128, 256, 512, 1024, 1769]


def test_of_io_bound_work_each_setting_is_as_fast_and_the_smallest_is_cheapest() -> None:
    assert memory_of(IO_BOUND.fastest()) == list(MEMORY_MB)
    assert memory_of(IO_BOUND.cheapest()) == [128]


def test_what_differs_by_more_than_a_tenth_is_not_the_same() -> None:
    settings = curve(1000, 1110, 1090, 2000, 2000, 2000).fastest()
    assert memory_of(settings) == [128, 512]


def test_the_cpu_share_predicts_the_duration_up_to_one_vcpu() -> None:
    exact = curve(1600, 800, 400, 200, 200 * 1024 / 1769, 200 * 1024 / 1769)
    assert exact.expected_ms(384) == pytest.approx(1600 / 3)
    assert exact.expected_ms(1769) == exact.expected_ms(3008) == pytest.approx(1600 * 128 / 1769)


def test_a_setting_that_was_measured_on_a_busy_machine_changes_no_expectation() -> None:
    disturbed = curve(3200, 1000, 400, 200, 300, 300)
    assert disturbed.expected_ms(128) == pytest.approx(1600)


def test_a_curve_that_starts_above_one_vcpu_expects_no_gain() -> None:
    above = MemoryCurve((MemorySetting(3008, 150, 150, 40),))
    assert above.expected_ms(10_240) == 150


# The picture


def test_the_same_measurements_give_the_same_bytes_and_others_do_not() -> None:
    assert memory_curves(CPU_BOUND, IO_BOUND).data == memory_curves(CPU_BOUND, IO_BOUND).data
    slower = curve(2021.3, 1012.0, 508.0, 255.1, 148.9, 180.0)
    assert memory_curves(CPU_BOUND, IO_BOUND).data != memory_curves(slower, IO_BOUND).data


def test_the_picture_says_in_words_what_it_shows() -> None:
    told = str(memory_curves(CPU_BOUND, IO_BOUND).alt)
    assert "CPU-bound: 128 MB 2.02 s and $4.41; " in told
    assert "3,008 MB 1.01 s and $49.50. " in told
    assert (
        "Within 10 % of the fastest: 1,769, 3,008 MB; of the cheapest: 128, 256, 512, 1,024, 1,769 MB."
        in told
    )


def test_the_best_settings_are_ringed_in_each_panel() -> None:
    above, below = memory_figure([(CPU, CPU_BOUND), (IO, IO_BOUND)]).axes
    ringed = [
        (line.get_marker(), [int(memory_mb) for memory_mb in line.get_xdata()])
        for axes in (above, below)
        for line in axes.lines
        if line.get_markersize() == RING_POINTS
    ]
    assert ringed == [
        (CPU.marker, [1769, 3008]),
        (IO.marker, list(MEMORY_MB)),
        (CPU.marker, [128, 256, 512, 1024, 1769]),
        (IO.marker, [128]),
    ]


def test_what_lies_above_one_vcpu_is_shaded() -> None:
    picture = Image.open(io.BytesIO(memory_curves(CPU_BOUND, IO_BOUND).data)).convert("RGB")
    below = MemoryCurve(CPU_BOUND.settings[:4])
    unshaded = Image.open(io.BytesIO(memory_curves(below, below).data)).convert("RGB")
    for height in (0.35, 0.7):
        left, right = (int(picture.width * share) for share in (0.03, 0.97))
        row = int(picture.height * height)
        assert picture.getpixel((left, row)) == (255, 255, 255)
        assert picture.getpixel((right, row)) == (0xF1, 0xF5, 0xF9)
        assert unshaded.getpixel((right, row)) == (255, 255, 255)


def test_any_settings_can_be_drawn() -> None:
    one = MemoryCurve((MemorySetting(512, 0.9, 1, 40), MemorySetting(10_240, 0.9, 1, 40)))
    picture = Image.open(io.BytesIO(memory_curves(one, one).data))
    assert picture.format == "PNG"


def test_curves_of_other_settings_than_each_other_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        memory_curves(CPU_BOUND, MemoryCurve(IO_BOUND.settings[:3]))
