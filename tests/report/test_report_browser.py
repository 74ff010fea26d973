"""The report as a browser shows it: drawn, without errors, on any screen and on paper."""

from itertools import pairwise

import pytest
from reading import read_report

WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1400}


@pytest.fixture(scope="module")
def report(golden):
    read_report(golden)
    return golden / "report.html"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_all_plots_are_drawn_and_nothing_is_wider_than_the_screen(report, page, width, dark):
    page.open(report, width, dark)
    assert page.errors() == []
    assert page.requests() == [report.resolve().as_uri()]
    boxes = page.ask("document.querySelectorAll('.plot').length")
    assert boxes >= 8
    assert page.ask("document.querySelectorAll('.plot .main-svg .xy').length") >= boxes
    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.ask("document.fonts.size") == 0


def test_plots_follow_the_theme(report, page):
    ink = "getComputedStyle(document.querySelector('.plot .xtick text')).fill"
    page.open(report, dark=False)
    light = page.ask(ink)
    page.open(report, dark=True)
    assert page.ask(ink) != light


def test_a_legend_entry_hides_and_shows_its_contestant(report, page):
    page.open(report)
    lines = "document.querySelectorAll('[data-figure=learning-valid] .scatter .js-line').length"
    button = "document.querySelector('[data-figure=learning-valid]')"
    button += ".closest('figure').querySelector('.legend button')"
    before = page.ask(lines)
    page.ask(f"{button}.click()")
    assert page.ask(f"{button}.getAttribute('aria-pressed')") == "false"
    page.wait(lambda: page.ask(lines) < before)
    page.ask(f"{button}.click()")
    page.wait(lambda: page.ask(lines) == before)


def test_it_prints_light_and_comes_back(report, page, tmp_path):
    page.open(report, dark=True)
    page.print(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert page.errors() == []
    assert not page.ask("document.documentElement.classList.contains('on-paper')")
    page.ask("dispatchEvent(new Event('beforeprint'))")
    assert page.ask("getComputedStyle(document.documentElement).getPropertyValue('--paper')") == (
        "#fcfbf8"
    )
    widths = "[...document.querySelectorAll('.plot svg.main-svg')].map((svg) => svg.clientWidth)"
    assert set(page.ask(widths)) == {320, 660}


def test_headings_go_down_one_level_at_a_time(report, page):
    page.open(report)
    levels = page.ask("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
