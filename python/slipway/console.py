# SPDX-License-Identifier: Apache-2.0
"""What a run prints, kept with the run on request.

    with mlflow.start_run(), slipway.console():
        train()

Output goes on to where it went before; a thread of its own sends it line by line. A server that is
away costs nobody a training: lines wait, up to a bound, and what could not be sent is told at the
end."""

import sys
import threading
import time
import warnings

from . import wire

_EVERY_SECONDS = 1.0
_LINES_AT_ONCE = 2_000
_LINES_WAITING = 200_000  # beyond that lines are dropped, and counted


def console(run_id=None) -> "Console":
    """Captures standard output and errors of Python code from `start` to `stop`, or as `with`."""
    return Console(wire.active_run(run_id), wire.base_url())


class Console:
    def __init__(self, run_id: str, url: str):
        self.run_id, self.url = run_id, url
        self.dropped = 0
        self.problem = ""
        self._lines: list = []
        self._sent = None  # how many lines the server has; not asked yet
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._tees: list = []
        self._thread = None

    def __enter__(self) -> "Console":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> "Console":
        if self._thread is None:
            self._tees = [_Tee(self, name) for name in ("stdout", "stderr")]
            self._thread = threading.Thread(target=self._run, name="slipway-console", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Sends what is left; may be called again."""
        if self._thread is None:
            return
        for tee in self._tees:
            tee.end()
        self._ending = True
        self._wake.set()
        self._thread.join(30)
        self._thread = None
        left = len(self._lines) + self.dropped
        if left:
            warnings.warn(f"{left} lines of output were not kept: {self.problem}", stacklevel=2)

    def add(self, stream: str, text: str) -> None:
        line = {"stream": stream, "at": int(time.time() * 1000), "text": text}
        with self._lock:
            if len(self._lines) >= _LINES_WAITING:
                self.dropped += 1
            else:
                self._lines.append(line)

    def _run(self) -> None:
        tries = 0
        while True:
            self._wake.wait(_EVERY_SECONDS)
            ending = self._ending
            try:
                while self._send_some():
                    tries = 0
            except wire.ServerError as error:
                self.problem, tries = str(error), tries + 1
                if error.code == "conflict":
                    self._sent = None  # somebody else writes to the same console: ask again
                elif error.status < 500 and error.status != 429:
                    return
            except OSError as error:
                self.problem, tries = str(error), tries + 1
            if ending and (not self._lines or tries >= 3):
                return

    def _send_some(self) -> bool:
        with self._lock:
            lines = self._lines[:_LINES_AT_ONCE]
        if not lines:
            return False
        path = f"/api/v1/runs/{self.run_id}/console"
        if self._sent is None:
            self._sent = wire.call("GET", path, query={"limit": 1}, url=self.url)["total"]
        answer = wire.call("POST", path, {"first": self._sent, "lines": lines}, url=self.url)
        with self._lock:
            del self._lines[: len(lines)]
        self._sent = max(answer["total"], self._sent + len(lines))
        return True


class _Tee:
    """Stands in for sys.stdout or sys.stderr: writes through, and keeps whole lines."""

    def __init__(self, console: Console, name: str):
        self._console, self._name = console, name
        self._through = getattr(sys, name)
        self._open = ""
        self._guard = threading.RLock()
        setattr(sys, name, self)

    def write(self, text: str) -> int:
        with self._guard:
            written = self._through.write(text)
            *lines, self._open = (self._open + text).split("\n")
            for line in lines:
                # A progress bar goes back to the line's start: its last state counts.
                self._console.add(self._name, line.rstrip("\r").rsplit("\r", 1)[-1])
            return written

    def end(self) -> None:
        with self._guard:
            if getattr(sys, self._name) is self:
                setattr(sys, self._name, self._through)
            if self._open:
                self._console.add(self._name, self._open.rsplit("\r", 1)[-1])
                self._open = ""

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._through, name)
