"""A headless Chromium driven over its debugging pipe: no driver, no port, no network.

https://chromedevtools.github.io/devtools-protocol – messages are JSON, each ended by a zero byte,
written to the browser's file descriptor 3 and read from 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
PATIENCE = 60.0


def find_chromium() -> str | None:
    """The browser to test with: the CHROME variable, or one on the path."""
    names = (os.environ.get("CHROME"), "chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Page:
    """One tab: open a file, ask it questions, take its picture."""

    def __init__(self, executable: str, profile: Path) -> None:
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        # The browser expects descriptors 3 and 4; a shell moves ours there.
        command = [f'exec "$@" 3<&{reads} 4>&{writes}']
        self._process = subprocess.Popen(
            ["bash", "-c", *command, "chromium", executable, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.send("Browser.close")
        self._process.wait(PATIENCE)
        os.close(self._write)
        os.close(self._read)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def open(self, path: Path, width: int = 1200, dark: bool = False) -> None:
        """Open a file at a width, light or dark, and wait until its plots are drawn."""
        self.events.clear()
        self.resize(width)
        self.theme(dark)
        self.send("Page.navigate", url=path.resolve().as_uri())
        wanted = "document.querySelectorAll('.plot').length"
        drawn = "Number(document.documentElement.dataset.drawn ?? 0)"
        ready = f"document.readyState == 'complete' && {drawn} >= {wanted}"
        self.wait(lambda: bool(self.ask(ready)) or bool(self.errors()))

    def theme(self, dark: bool) -> None:
        """Let the page prefer dark or light."""
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[theme])

    def resize(self, width: int, height: int = 900) -> None:
        """Set the size of the screen, in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def errors(self) -> list[str]:
        """What went wrong in the page: exceptions, console errors, blocked or failed loads."""
        bad = ("Runtime.exceptionThrown", "Network.loadingFailed")
        found = [json.dumps(e["params"]) for e in self.events if e.get("method") in bad]
        for event in self.events:
            entry = event.get("params", {}).get("entry", {})
            if event.get("method") == "Log.entryAdded" and entry.get("level") == "error":
                found.append(entry["text"])
        marked = self.ask("document.documentElement.dataset.error ?? ''")
        return found + ([marked] if marked else [])

    def requests(self) -> list[str]:
        """The addresses that the page asked for; what stands in the page itself is none."""
        sent = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        urls = [e["params"]["request"]["url"] for e in sent]
        return [url for url in urls if not url.startswith("data:")]

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path: Path) -> None:
        """The page as PDF, A4."""
        printed = self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        path.write_bytes(base64.b64decode(printed["data"]))

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "the page did not get ready in time"
            time.sleep(0.05)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            readable, _, _ = select.select([self._read], [], [], PATIENCE)
            assert readable, "the browser does not answer"
            more = os.read(self._read, 1 << 16)
            assert more, "the browser ended"
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))
