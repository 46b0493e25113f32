"""A page in a real browser: headless Chromium, asked over its debugging protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_STARTS_WITHIN_S = 60.0


class Browser:
    """A running Chromium with one page; its profile is in ``folder``."""

    def __init__(self, folder: Path) -> None:
        assert CHROMIUM is not None
        self._port_file = folder / "DevToolsActivePort"
        self.complaints: list[str] = []
        self._process = subprocess.Popen(  # noqa: S603
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--remote-debugging-port=0", "--remote-allow-origins=*"),
                *(f"--user-data-dir={folder}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._connection: WebSocketClientConnection | None = None
        self._number = 0

    async def connect(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + _STARTS_WITHIN_S
        while not (self._port_file.exists() and self._port_file.read_text().count("\n")):
            assert time.monotonic() < until, "Chromium does not start"
            time.sleep(0.1)
        port = self._port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            (page,) = [one for one in json.load(answer) if one["type"] == "page"]
        self._connection = await websocket_connect(
            page["webSocketDebuggerUrl"], max_message_size=2**28
        )
        for domain in ("Page", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")

    async def ask(self, method: str, **parameters: Any) -> Any:
        """The answer to a command; complaints on the way are kept."""
        assert self._connection is not None
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        await self._connection.write_message(json.dumps(message))
        while True:
            heard = await self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                return heard["result"]

    async def open(self, file: Path, width: int, *, dark: bool = False) -> None:
        """Load a page at a width."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 800,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])
        await self.ask("Page.navigate", url=file.as_uri())
        while (await self._hear()).get("method") != "Page.loadEventFired":
            pass

    async def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        found = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def end(self) -> None:
        """End the browser."""
        if self._connection is not None:
            self._connection.close()
            while await self._connection.read_message() is not None:
                pass
        self._process.terminate()
        self._process.wait()

    async def _hear(self) -> dict[str, Any]:
        assert self._connection is not None
        text = await self._connection.read_message()
        assert text is not None, "Chromium has gone"
        heard: dict[str, Any] = json.loads(text)
        if heard.get("method") in (
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
        ):
            self.complaints.append(json.dumps(heard["params"]))
        return heard
