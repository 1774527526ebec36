# SPDX-License-Identifier: Apache-2.0
"""What can be found out about this process and its folder. Each function answers plain data and
asks nothing of the network."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

DIFF_LIMIT = 10 * 1024 * 1024
_SECRET = re.compile(r"key|token|secret|passw|credential|auth|private|session|cookie", re.I)
_USERINFO = re.compile(r"(\w+://)[^/@\s]+@")
# What changes the result of a computation, and is safe to show.
_ENVIRONMENT = re.compile(
    r"^(PYTHON(HASHSEED|PATH|OPTIMIZE|UTF8)|CUDA_|CUBLAS_|NVIDIA_VISIBLE|HIP_|ROCR_|OMP_|MKL_|"
    r"OPENBLAS_|NUMEXPR_|TF_|XLA_|JAX_|TORCH_|PYTORCH_|NCCL_|SLURM_(JOB|NODE|NTASKS|CPUS|GPUS|"
    r"PROCID)|CONDA_(DEFAULT_ENV|PREFIX)|VIRTUAL_ENV|LANG|LC_|TZ$|SOURCE_DATE_EPOCH|"
    r"SLIPWAY_(PARAM|ITEM|INDEX|ATTEMPT))"
)


def masked(text: str) -> str:
    """Without names and passwords in URLs."""
    return _USERINFO.sub(r"\1***@", text)


def is_secret(name: str) -> bool:
    return bool(_SECRET.search(name))


def run(*command: str, folder=None, limit: int = DIFF_LIMIT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(f"{' '.join(command[:3])}: {words[-1] if words else 'failed'}")
    return done.stdout[:limit].decode("utf-8", "replace")


def git(folder=None) -> dict:
    """Commit, branch and what differs from the commit; empty outside a repository."""
    try:
        root = run("git", "rev-parse", "--show-toplevel", folder=folder).strip()
    except (OSError, RuntimeError, subprocess.TimeoutExpired):
        return {}
    out = {"root": root, "commit": "", "branch": "", "remote": "", "diff": "", "untracked": []}

    def ask(*words: str) -> str:
        try:
            return run("git", *words, folder=root)
        except RuntimeError:
            return ""

    out["commit"] = ask("rev-parse", "HEAD").strip()
    out["branch"] = ask("rev-parse", "--abbrev-ref", "HEAD").strip()
    out["remote"] = masked(ask("config", "--get", "remote.origin.url").strip())
    against = "HEAD" if out["commit"] else "--cached"
    out["diff"] = ask("diff", "--no-ext-diff", "--no-color", "--binary", against)
    out["untracked"] = ask("ls-files", "--others", "--exclude-standard").splitlines()[:10_000]
    out["dirty"] = bool(out["diff"] or out["untracked"])
    return out


def packages() -> list:
    """Every installed distribution as `name==version`, or with the URL that it came from."""
    from importlib import metadata

    found = {}
    for dist in metadata.distributions():
        name = dist.metadata["Name"]
        if not name:
            continue
        line = f"{name}=={dist.version}"
        try:
            origin = json.loads(dist.read_text("direct_url.json") or "{}")
        except ValueError:
            origin = {}
        if origin.get("url"):
            vcs = origin.get("vcs_info") or {}
            prefix = f"{vcs['vcs']}+" if vcs.get("vcs") else ""
            suffix = f"@{vcs['commit_id']}" if vcs.get("commit_id") else ""
            line = f"{name} @ {prefix}{masked(origin['url'])}{suffix}"
        found.setdefault(name.lower().replace("_", "-"), line)
    return [found[name] for name in sorted(found)]


def lock_files(*folders) -> list:
    """The lock files that are there, each name once."""
    out = {}
    names = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml")
    for folder in folders:
        for name in names:
            path = Path(folder) / name
            if name not in out and path.is_file():
                out[name] = path
    return list(out.values())


def hardware() -> dict:
    out = {
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count() or 0,
        "cpu": platform.processor(),
        "memory_bytes": None,
        "gpus": [],
    }
    if hasattr(os, "sched_getaffinity"):
        out["cpus_usable"] = len(os.sched_getaffinity(0))
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                out["cpu"] = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    try:
        out["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        pass
    out["gpus"] = gpus()
    return out


def gpus() -> list:
    try:
        text = run(
            "nvidia-smi",
            "--query-gpu=name,memory.total,driver_version,uuid",
            "--format=csv,noheader,nounits",
        )
    except (OSError, RuntimeError, subprocess.TimeoutExpired):
        return []
    out = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 4:
            memory = int(fields[1]) * 1024 * 1024 if fields[1].isdigit() else None
            out.append(
                {"name": fields[0], "memory_bytes": memory, "driver": fields[2], "uuid": fields[3]}
            )
    return out


def _digest(value) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def seeds() -> dict:
    """What is known of the state of the generators; of libraries only those imported already."""
    out = {"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "random")}
    if "random" in sys.modules:
        out["random_state"] = _digest(sys.modules["random"].getstate())
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        state = numpy.random.get_state()
        words = state[1].tolist() if len(state) > 1 else state
        out["numpy_state"] = _digest((words, state[2:]))
        # The generator keeps its seed in the first word until it is used up to the end once.
        if len(state) > 2 and state[2] == len(words):
            out["numpy_seed"] = int(words[0])
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "initial_seed"):
        out["torch_seed"] = int(torch.initial_seed())
        out["torch_deterministic"] = bool(torch.are_deterministic_algorithms_enabled())
    return out


def command() -> dict:
    words = list(getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv])
    out, hide = [], False
    for word in words:
        name = word.split("=", 1)[0]
        if hide:
            out.append("***")
            hide = False
        elif word.startswith("-") and is_secret(name):
            out.append(f"{name}=***" if "=" in word else word)
            hide = "=" not in word
        else:
            out.append(masked(word))
    return {"arguments": out, "folder": os.getcwd(), "executable": sys.executable}


def environment() -> dict:
    """The variables that a result may depend on; more by name in SLIPWAY_RECORD_ENV."""
    more = {n.strip() for n in os.environ.get("SLIPWAY_RECORD_ENV", "").split(",") if n.strip()}
    return {
        name: masked(value)
        for name, value in sorted(os.environ.items())
        if (name in more or _ENVIRONMENT.search(name)) and not is_secret(name)
    }


def data_versions(folder=None) -> list:
    """What .dvc files and dvc.lock of the DVC repository around `folder` pin, by path."""
    here = Path(folder or os.getcwd()).resolve()
    root = next((p for p in (here, *here.parents) if (p / ".dvc").is_dir()), None)
    if root is None:
        return []
    import yaml  # the mlflow client brings it

    out = {}

    def add(base: Path, entry: dict, by: str) -> None:
        path, digest = entry.get("path"), entry.get("md5") or entry.get("etag")
        if path and digest:
            name = os.path.relpath(base / path, root).replace(os.sep, "/")
            out[name] = {"path": name, "digest": str(digest), "size": entry.get("size"), "by": by}

    for place, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
        for name in sorted(files):
            if name != "dvc.lock" and not (name.endswith(".dvc") and name != ".dvc"):
                continue
            base = Path(place)
            by = os.path.relpath(base / name, root).replace(os.sep, "/")
            content = yaml.safe_load((base / name).read_text()) or {}
            if name == "dvc.lock":
                for stage in (content.get("stages") or {}).values():
                    for entry in (stage.get("deps") or []) + (stage.get("outs") or []):
                        add(base / (stage.get("wdir") or "."), entry, by)
            else:
                for entry in content.get("outs") or []:
                    add(base / (content.get("wdir") or "."), entry, by)
    return [out[name] for name in sorted(out)]
