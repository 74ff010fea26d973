"""The page at /: by keyboard, on a phone, from this server alone; what it is told stays text."""

import re

import pytest

from seqlab.serve.app import application
from seqlab.workbench.predictor import load
from tests.report.browser import Page, find_chromium
from tests.serve.conftest import running

ATTACK = (
    "<img src=x onerror=\"document.title='run'\"></script><script>document.title='run'</script>"
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium: install one, or name it in the CHROME variable")
    page = Page(executable, tmp_path_factory.mktemp("chromium"))
    yield page
    page.close()


@pytest.fixture
def opened(browser, trained):
    """Opens the page of a task's server."""
    with_server = []

    def begin(task, width=390):
        server = running(application(load(trained[task])))
        address = server.__enter__()
        with_server.append(server)
        browser.events.clear()
        browser.resize(width)
        browser.send("Page.navigate", url=address + "/")
        browser.wait(lambda: browser.ask("document.documentElement?.dataset.ready === '1'"))
        return address

    yield begin
    browser.send("Page.navigate", url="about:blank")
    for server in with_server:
        server.__exit__(None, None, None)


def typed(browser, name, text):
    """A text in the place of what stands in a field, which then has the focus."""
    browser.ask(f"document.getElementById('field-{name}').focus(), document.activeElement.select()")
    browser.send("Input.insertText", text=text)


def press(browser, key, modifiers=0, code=0):
    for kind in ("rawKeyDown", "keyUp"):
        browser.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=key,
            windowsVirtualKeyCode=code,
            modifiers=modifiers,
        )


def answer(browser):
    browser.wait(lambda: browser.ask("!document.getElementById('go').disabled"))
    browser.wait(lambda: browser.ask("!document.getElementById('result').hidden"))
    return browser.ask("document.getElementById('answer').innerText")


ANSWERS = {
    "classify": r"(neg|pos)[\s\S]+ %",
    "tag": "position",
    "series": r"[01]\s[\s\S]+ %",
    "forecast": "unique_id",
    "images": r"[01]\s[\s\S]+ %",
    "span": " %",
    "regress": "label: ",
}


@pytest.mark.parametrize("task", ANSWERS)
def test_the_example_is_answered_by_keyboard_alone(opened, browser, task):
    address = opened(task)
    browser.ask("document.querySelector('textarea').focus()")
    press(browser, "Enter", modifiers=2, code=13)  # with Ctrl
    assert re.search(ANSWERS[task], answer(browser))
    assert re.match(
        r"\d+\.\d ms in the model", browser.ask("document.getElementById('time').innerText")
    )
    assert browser.ask("document.documentElement.scrollWidth") <= 390
    assert browser.errors() == []
    assert all(url.startswith(address) for url in browser.requests())


@pytest.mark.parametrize("task", ["language", "translate"])
def test_texts_are_written_as_they_come(opened, browser, task):
    opened(task)
    if task == "language":
        typed(browser, "text", "the great ")
    browser.ask("document.getElementById('form').requestSubmit()")
    assert answer(browser)
    browser.wait(lambda: "first piece" in browser.ask("document.getElementById('time').innerText"))
    assert browser.errors() == []


def test_what_is_typed_in_is_never_html(opened, browser):
    opened("classify")
    title = browser.ask("document.title")
    typed(browser, "text", ATTACK)
    browser.ask("document.getElementById('why').click()")
    assert ATTACK.split()[0] in answer(browser)
    assert browser.ask("document.title") == title
    assert browser.ask("document.querySelectorAll('main img, main script').length") == 0


def test_names_of_models_and_classes_are_never_html(serving, trained):
    predictor = load(trained["classify"])
    predictor.card["candidate"] = ATTACK
    html = serving(predictor=predictor).get("/")
    assert "<img" not in html.text
    assert html.text.count("</script>") == 2
    assert "default-src 'none'" in html.headers["content-security-policy"]


def test_tab_reaches_every_control_in_order(opened, browser):
    opened("classify")
    browser.ask("document.activeElement.blur()")
    reached = []
    for _ in range(7):
        press(browser, "Tab", code=9)
        reached.append(browser.ask("document.activeElement.id || document.activeElement.tagName"))
    assert reached[:5] == ["field-text", "go", "why", "file", "upload"]


def test_a_file_is_predicted(opened, browser, tmp_path):
    opened("classify")
    path = tmp_path / "new.csv"
    path.write_text("text\ngreat fun\nweak\n=1+1\n")
    browser.send("DOM.enable")
    root = browser.send("DOM.getDocument")["root"]["nodeId"]
    node = browser.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    browser.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
    browser.ask("document.getElementById('upload').click()")
    browser.wait(lambda: not browser.ask("document.getElementById('download').hidden"))
    told = browser.ask("document.getElementById('file-told').innerText")
    assert told == "3 rows predicted."
    link = "document.getElementById('download')"
    assert browser.ask(f"{link}.download") == "new-predictions.csv"
    text = browser.ask(f"fetch({link}.href).catch(() => null) && {link}.href.slice(0, 5)")
    assert text == "blob:"


def test_a_wrong_row_is_told(opened, browser):
    opened("series")
    typed(browser, "series", "1, 2, 3")
    browser.ask("document.getElementById('form').requestSubmit()")
    assert answer(browser) == "row 1: each step of a series must have 2 numbers"


def test_files(serving):
    client = serving()
    kind = {"content-type": "text/csv"}
    told = client.post("/predict/file", content=b"text\ngreat\n=1+1\n", headers=kind)
    assert told.status_code == 200
    lines = told.text.splitlines()
    assert lines[0].startswith("text,predicted,probability")
    assert lines[2].startswith("'=1+1,")
    for body in (b"", b"\x00\x01\x02", b"a,b\n1,2\n", b"text\n"):
        refused = client.post("/predict/file", content=body, headers=kind)
        assert refused.status_code == 422, refused.text
        assert re.match('"?the file"?', refused.json()["error"]), refused.text
        assert "/tmp" not in refused.text
    assert client.post("/predict/file", content=b"text\na\n").status_code == 415
    few = serving(file_rows=1)
    large = few.post("/predict/file", content=b"text\na\nb\n", headers=kind)
    assert large.json()["error"] == "2 rows; accepted: at most 1"
