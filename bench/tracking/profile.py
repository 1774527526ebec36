# SPDX-License-Identifier: Apache-2.0
"""Where the time of a running server goes: perf for some seconds, samples sorted by system call (in
the kernel) or by function (our own code); and how often its threads slept meanwhile.

    python3 bench/tracking/profile.py PID SECONDS
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CALLS = [  # in the kernel: by the system call on the stack
    ("sync to disk", r"sys_f(data)?sync"),
    ("writing and reading files", r"sys_p?(write|read)v?(64)?$|sys_p(write|read)64"),
    ("sockets", r"sys_(send|recv|epoll|accept|shutdown)"),
    ("waking and waiting for threads", r"sys_futex"),
]
CODE = [  # in our own code: by the function
    ("SQLite", r"sqlite3|^wal|^pcache|^btree|^vdbe|^pager|Btree|^balance|Parse|^unix|^mem[A-Z]|"
               r"^yy|^read(Db|Super)|^insertCell|^moveTo|^cell|^defragment|^allocateSpace|^serial"),
    ("JSON", r"json|Reader|read_(metric|field|text|whole|list)|from_chars|to_chars|utf8"),
    ("HTTP", r"net::|beast|asio|Session|Router"),
    ("metrics: order, encode, latest", r"tracking|pack|encode|decode"),
    ("store: statements, group commit", r"slipway::store"),
    ("memory", r"malloc|free|memmove|memset|memcpy|operator new|operator delete|_int_"),
]  # fmt: skip


def kind_of(stack: list[str], kernel: bool) -> str:
    if kernel:
        for name, pattern in CALLS:
            if any(re.search(pattern, frame) for frame in stack):
                return name
        return "kernel, other"
    for name, pattern in CODE:
        if re.search(pattern, stack[0]):
            return name
    return "other"


def switches(pid: str) -> int:
    """How often the threads of a process gave up the processor to wait."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status.read_text(), re.M)
        total += int(found[1]) if found else 0
    return total


def main() -> None:
    pid, seconds = sys.argv[1], sys.argv[2]
    before = switches(pid)
    found: Counter[str] = Counter()
    with tempfile.NamedTemporaryFile(suffix=".perf") as data:
        subprocess.run(["perf", "record", "-q", "-g", "-o", data.name, "-p", pid, "--", "sleep",
                        seconds], check=True, stderr=subprocess.DEVNULL)  # fmt: skip
        slept = switches(pid) - before
        text = subprocess.run(["perf", "script", "-i", data.name, "-F", "ip,sym,dso"], check=True,
                              capture_output=True, text=True).stdout  # fmt: skip
    for sample in text.strip().split("\n\n"):
        frames = [line.split(None, 1)[-1] for line in sample.splitlines() if line.strip()]
        if frames:
            kernel = "kernel" in frames[0]
            found[kind_of([re.sub(r" \([^()]*\)$", "", f) for f in frames], kernel)] += 1
    total = sum(found.values()) or 1
    for name, count in found.most_common():
        print(f"{100 * count / total:5.1f} %  {name}")
    print(f"{slept / float(seconds):,.0f} times a second a thread went to sleep")


if __name__ == "__main__":
    main()
