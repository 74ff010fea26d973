"""The report as a browser shows it: drawn, without errors, on any screen and on paper."""

from itertools import pairwise

import pytest

from seqlab.report import write_report

WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1400}
INK = "getComputedStyle(document.querySelector('.plot .xtick text')).fill"
PLOT_WIDTHS = (
    "[...document.querySelectorAll('.plot')].map(box => [box.clientWidth, "
    "box.querySelector('svg.main-svg').clientWidth])"
)


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def opened(request, golden, page):
    page.open(write_report(golden), dark=request.param)
    page.dark = request.param
    return page


def test_all_plots_are_drawn_without_errors_from_this_file_alone(opened, golden):
    assert opened.errors() == []
    assert opened.requests() == [(golden / "report.html").resolve().as_uri()]
    boxes = opened.ask("document.querySelectorAll('.plot').length")
    assert boxes >= 8
    assert opened.ask("document.querySelectorAll('.plot .main-svg .xy').length") >= boxes


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_is_wider_than_the_screen_and_plots_fill_theirs(opened, width):
    opened.resize(width)
    opened.wait(lambda: all(box == svg for box, svg in opened.ask(PLOT_WIDTHS)))
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.errors() == []


def test_plots_follow_the_theme(opened):
    before = opened.ask(INK)
    opened.theme(not opened.dark)
    opened.wait(lambda: opened.ask(INK) != before)
    opened.theme(opened.dark)
    opened.wait(lambda: opened.ask(INK) == before)


def test_a_legend_entry_hides_and_shows_its_contestant(opened):
    lines = "document.querySelectorAll('[data-figure=learning-valid] .scatter .js-line').length"
    button = "document.querySelector('[data-figure=learning-valid]')"
    button += ".closest('figure').querySelector('.legend button')"
    before = opened.ask(lines)
    opened.ask(f"{button}.click()")
    assert opened.ask(f"{button}.getAttribute('aria-pressed')") == "false"
    opened.wait(lambda: opened.ask(lines) < before)
    opened.ask(f"{button}.click()")
    opened.wait(lambda: opened.ask(lines) == before)


def test_paper_is_light_and_the_screen_comes_back(opened, tmp_path):
    paper = "getComputedStyle(document.documentElement).getPropertyValue('--paper')"
    screen = opened.ask(paper)
    opened.ask("dispatchEvent(new Event('beforeprint'))")
    assert opened.ask(paper) == "#fcfbf8"
    assert {svg for _, svg in opened.ask(PLOT_WIDTHS)} == {320, 660}
    opened.ask("dispatchEvent(new Event('afterprint'))")
    assert opened.ask(paper) == screen
    opened.print(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert opened.errors() == []


def test_headings_go_down_one_level_at_a_time(opened):
    levels = opened.ask("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
