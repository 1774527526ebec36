# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md has a section a script, between two comments; each script writes its own."""

from pathlib import Path


def write(path: Path, name: str, text: str) -> None:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    part = f"{begin}\n{text.strip()}\n{end}\n"
    page = path.read_text() if path.exists() else ""
    if begin in page and end in page:
        before, rest = page.split(begin, 1)
        page = before + part + rest.split(end, 1)[1].lstrip("\n")
    elif name == "start":
        # The first section; a page without comments is one of before they were.
        others = page[page.index("<!-- ") :] if "<!-- " in page else ""
        page = part + ("\n" + others if others else "")
    else:
        page = page.rstrip("\n") + ("\n\n" if page else "") + part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page)
