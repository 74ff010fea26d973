"""Where things stand on screens: what is seen first, no label cut or covered, no plot empty."""

import pytest

from seqlab.report import write_report
from seqlab.runs import read_json, write_json
from tests.report import golden as made

SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
# A label is cut where it leaves the drawing that it belongs to.
CUT = """[...document.querySelectorAll('.plot')].flatMap(box => {
  const frame = box.getBoundingClientRect();
  return [...box.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => {
    const own = text.getBoundingClientRect();
    const out = own.left < frame.left - 1 || own.right > frame.right + 1
      || own.top < frame.top - 1 || own.bottom > frame.bottom + 1;
    return out && own.width ? box.dataset.figure + ': ' + text.textContent : null;
  }).filter(Boolean);
})"""
COVERED = """[...document.querySelectorAll('.plot')].flatMap(box => {
  const texts = [...box.querySelectorAll('.xtick text, .ytick text, .annotation text')]
    .filter(text => text.textContent.trim());
  const places = texts.map(text => text.getBoundingClientRect());
  const pairs = [];
  for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
    const [a, b] = [places[i], places[j]];
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
      pairs.push(`${box.dataset.figure}: ${texts[j].textContent} / ${texts[i].textContent}`);
  }
  return pairs;
})"""
EMPTY = """[...document.querySelectorAll('.plot')].filter(box =>
  !box.querySelector('.scatterlayer path, .barlayer path, .heatmaplayer image, .points path'))
  .map(box => box.dataset.figure)"""
SEEN = "(s => document.querySelector(s).getBoundingClientRect())"


def sixteen(monkeypatch):
    """Contestants of four families with names of all lengths."""
    first, *_, baseline = made.CONTESTANTS
    names = [f"{'long' * (n % 4)}former-{n}" for n in range(15)]
    several = [(name, "model", 0.70 + n / 150, *first[3:]) for n, name in enumerate(names)]
    monkeypatch.setattr(made, "CONTESTANTS", (*several, baseline))


def two(monkeypatch):
    monkeypatch.setattr(made, "CONTESTANTS", made.CONTESTANTS[2:4])


def of_one_seed(study):
    comparison = read_json(study / "comparison.json")
    write_json(study / "comparison.json", {**comparison, "seeds": 1, "preview": True})
    verdict = read_json(study / "verdict.json")
    long = "Preview (1 seed) – " + verdict["headline"]
    write_json(study / "verdict.json", {**verdict, "headline": long, "seeds": 1, "preview": True})


STUDIES = [
    "six",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("two", "sixteen", "one seed")),
]


@pytest.fixture(scope="module", params=STUDIES)
def report(request, golden, tmp_path_factory):
    if request.param == "six":
        return write_report(golden)
    folder = tmp_path_factory.mktemp("layout") / "study"
    with pytest.MonkeyPatch.context() as patched:
        change = {"two": two, "sixteen": sixteen}.get(request.param)
        if change:
            change(patched)
        made.write_golden_study(folder)
    if request.param == "one seed":
        of_one_seed(folder)
    return write_report(folder)


@pytest.fixture(params=SCREENS.values(), ids=SCREENS)
def screen(request, report, page):
    width, height = request.param
    page.open(report, width)
    page.resize(width, height)
    page.wait(lambda: page.ask("document.documentElement.scrollWidth") <= width)
    return page


def test_no_label_is_cut_or_covered_and_no_plot_is_empty(screen):
    assert screen.errors() == []
    assert screen.ask(CUT) == []
    assert screen.ask(COVERED) == []
    assert screen.ask(EMPTY) == []


def test_the_first_screen_has_the_answer_its_figure_and_three_facts(screen):
    height = screen.ask("innerHeight")
    assert screen.ask(f"{SEEN}('h1').bottom") < height / 4
    assert screen.ask(f"{SEEN}('[data-figure=answer]').bottom") < height * 0.66
    assert screen.ask("document.querySelectorAll('.facts dt').length") == 3
    assert screen.ask(f"{SEEN}('.facts > :last-child dt').bottom") < height


def test_a_phone_keeps_score_and_status_in_view(screen):
    for cell in (2, 3):
        right = screen.ask(f"{SEEN}('#leaderboard tbody td:nth-child({cell})').right")
        assert right <= screen.ask("innerWidth")


def test_a_heading_sorts_and_sorts_the_other_way(screen):
    names = "[...document.querySelectorAll('#leaderboard tbody th')].map(h => h.innerText)"
    scores = "[...document.querySelectorAll('#leaderboard tbody tr')].map(r => +r.cells[1].querySelector('strong').innerText)"  # noqa: E501
    before = screen.ask(names)
    head = "document.querySelectorAll('#leaderboard thead th')[1]"
    screen.ask(f"{head}.click()")
    rising = screen.ask(scores)
    assert rising == sorted(rising)
    assert screen.ask(f"{head}.getAttribute('aria-sort')") == "ascending"
    screen.ask(f"{head}.click()")
    assert screen.ask(scores) == rising[::-1]
    assert sorted(screen.ask(names)) == sorted(before)


def test_a_figure_can_be_saved(screen):
    saved = "Plotly.toImage(document.querySelector('[data-figure=answer]'), {format: 'FORMAT'})"
    assert screen.ask(saved.replace("FORMAT", "svg")).startswith("data:image/svg+xml")
    assert screen.ask(saved.replace("FORMAT", "png")).startswith("data:image/png")
    assert screen.errors() == []
