# SPDX-License-Identifier: Apache-2.0
"""`slipway data` beside the real `dvc` and the file system's own floor: the same files, the same
verbs, in turns. Writes the section "Data" of docs/benchmarks.md.

    ./dev bench data                      20,000 x 4 KiB, 200 x 5 MiB, 1 x 2 GiB; about 10 minutes
    ./dev bench data --only small         one of small, middle, large, million (ours alone)
    ./dev bench data --without-dvc        ours and the floor

What the page cache holds decides more than anything else, so everything is read once before; the
floor of a verb is what coreutils need for the same bytes: `find` for status, `cp -r` for add, push
and checkout, two of them for pull. Wall seconds; CPU and peak memory of the whole process tree.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sections  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build/bench/data.json"
SHAPES = {  # files, bytes of each, files in a folder
    "small": (20_000, 4 << 10, 200),
    "middle": (200, 5 << 20, 200),
    "large": (1, 2 << 30, 1),
    "million": (1_000_000, 1 << 10, 1_000),
}
TITLES = {
    "small": "20,000 x 4 KiB",
    "middle": "200 x 5 MiB",
    "large": "1 x 2 GiB",
    "million": "1,000,000 x 1 KiB, ours alone",
}
VERBS = ("start", "add", "status", "status, touched", "push", "pull", "checkout", "gc")
FLOORS = {"add": 1, "push": 1, "pull": 2, "checkout": 1}  # copies


def measure(command: list, folder: Path) -> dict:
    """Wall and CPU seconds, peak MiB of the largest process."""
    script = (
        "import resource, subprocess, sys, json, time\n"
        "t = time.perf_counter()\n"
        "rc = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([rc, time.perf_counter() - t, u.ru_utime + u.ru_stime, u.ru_maxrss]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, command)],
        cwd=folder, capture_output=True, text=True, check=True,
        env=os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder) + ".site"},
    )  # fmt: skip
    rc, wall, cpu, peak = json.loads(done.stdout)
    if rc != 0:
        raise RuntimeError(f"{command} ended with {rc}: {done.stderr[-1000:]}")
    return {"wall": wall, "cpu": cpu, "mib": peak / 1024}


def make_files(folder: Path, shape: str) -> None:
    count, size, together = SHAPES[shape]
    noise = os.urandom(1 << 20)
    for i in range(count):
        if i % together == 0:
            inside = folder / f"{i // together:05d}"
            inside.mkdir(parents=True)
        with (inside / f"{i:07d}.bin").open("wb") as file:
            file.write(f"{i:016d}".encode())
            left = size - 16
            while left > 0:
                left -= file.write(noise[: min(left, len(noise))])


class Round:
    """One tool through all verbs, in a repository of its own."""

    def __init__(self, tool: list, files: Path, folder: Path):
        self.tool, self.files, self.folder = tool, files, folder
        self.repo = folder / "repo"

    def run(self, verb: str, *arguments, folder=None) -> dict:
        return measure([*self.tool, verb, *arguments], folder or self.repo)

    def all(self) -> dict:
        self.repo.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", "."], cwd=self.repo, check=True)
        shutil.copytree(self.files, self.repo / "data")
        self.run("init", "-q")
        self.run("remote", "add", "-d", "here", str(self.folder / "remote"))
        out = {"start": self.run("root"), "add": self.run("add", "data")}
        self.run("status")
        out["status"] = self.run("status")
        time.sleep(1.1)  # stamps of this second are not trusted
        subprocess.run(["find", "data", "-type", "f", "-exec", "touch", "{}", "+"],
                       cwd=self.repo, check=True)  # fmt: skip
        out["status, touched"] = self.run("status")
        out["push"] = self.run("push")
        clone = self.folder / "clone"
        clone.mkdir()
        subprocess.run(["git", "init", "-q", "."], cwd=clone, check=True)
        shutil.copytree(self.repo / ".dvc", clone / ".dvc",
                        ignore=shutil.ignore_patterns("cache", "tmp"))  # fmt: skip
        shutil.copy(self.repo / "data.dvc", clone)
        out["pull"] = self.run("pull", folder=clone)
        shutil.rmtree(clone)
        shutil.rmtree(self.repo / "data")
        out["checkout"] = self.run("checkout")
        (self.repo / "data.dvc").unlink()
        out["gc"] = self.run("gc", "-w", "-c", "-f")
        shutil.rmtree(self.folder)
        return out


def floor(files: Path, folder: Path) -> dict:
    folder.mkdir()
    copy = measure(["cp", "-r", files, folder / "copy"], folder)
    walk = measure(["find", files, "-printf", "%p %s %T@\\n"], folder)
    shutil.rmtree(folder)
    out = {verb: {"wall": copies * copy["wall"], "cpu": copies * copy["cpu"], "mib": copy["mib"]}
           for verb, copies in FLOORS.items()}  # fmt: skip
    return out | {"status": walk}


def bench(shape: str, tools: dict, folder: Path) -> dict:
    files = folder / "files"
    make_files(files, shape)
    out = {"floor": floor(files, folder / "floor")}
    for name, tool in tools.items():
        print(f"{TITLES[shape]}: {name}", flush=True)
        out[name] = Round(tool, files, folder / name).all()
        for verb, cell in out[name].items():
            print(f"  {verb}: {cell['wall']:.3f} s, {cell['cpu']:.2f} s CPU, {cell['mib']:.0f} MiB",
                  flush=True)  # fmt: skip
    shutil.rmtree(files)
    return out


def ratio(first: float, second: float) -> str:
    return f"{first / second:.2f}x" if second > 0 else ""


def table(shape: str, found: dict) -> list[str]:
    lines = [f"### {TITLES[shape]}", ""]
    lines += ["| verb | slipway s | CPU s | MiB | dvc s | CPU s | MiB | of dvc's time | floor s | "
              "of the floor |", "|---|" + "---|" * 9]  # fmt: skip
    for verb in VERBS:
        ours = found["slipway"].get(verb)
        if ours is None:
            continue
        row = [verb, f"{ours['wall']:.3f}", f"{ours['cpu']:.2f}", f"{ours['mib']:.0f}"]
        dvc = found.get("dvc", {}).get(verb)
        row += [f"{dvc['wall']:.2f}", f"{dvc['cpu']:.2f}", f"{dvc['mib']:.0f}",
                ratio(ours["wall"], dvc["wall"])] if dvc else [""] * 4  # fmt: skip
        least = found["floor"].get(verb)
        row += [f"{least['wall']:.3f}", ratio(ours["wall"], least["wall"])] if least else ["", ""]
        lines.append("| " + " | ".join(row) + " |")
    return [*lines, ""]


def page(state: dict) -> str:
    lines = [
        "## Data", "",
        "Written by `./dev bench data` on "
        f"{os.cpu_count()} cores, files in the page cache; a folder as the remote. The floor is "
        "`find` for status, `cp -r` for add, push and checkout, two of them for pull. `start` is "
        "`root`, which does nothing.", "",
    ]  # fmt: skip
    for shape in SHAPES:
        if shape in state:
            lines += table(shape, state[shape])
    busy = max(entry["load"] for entry in state.values())
    if busy > 1:
        lines += [f"**Not idle** meanwhile (load {busy:.1f}): read ratios, not digits.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SHAPES, default=["small", "middle", "large"])
    parser.add_argument("--without-dvc", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the files are made")
    args = parser.parse_args()
    ours = [os.environ.get("SLIPWAY_BIN", ROOT / "build/slipway"), "data"]
    dvc = [Path(sys.executable).parent / "dvc"]
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    for shape in args.only:
        alone = args.without_dvc or shape == "million"
        tools = {"slipway": ours} if alone else {"slipway": ours, "dvc": dvc}
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="slipway-bench-", dir=args.folder) as folder:
            state[shape] = bench(shape, tools, Path(folder)) | {"load": load}
        STATE.parent.mkdir(parents=True, exist_ok=True)
        STATE.write_text(json.dumps(state, indent=1))
        sections.write(ROOT / "docs/benchmarks.md", "data", page(state))


if __name__ == "__main__":
    main()
