# SPDX-License-Identifier: GPL-2.0
"""The report of a run, from its JSON documents alone: as text for a mail, Markdown, HTML."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

from . import history_page, layout, page_html, results
from .errors import Broken, Code
from .kinds import KINDS, OUTCOMES
from .page import Commands, Document, Fields, Page, Paste, Section, text
from .templates import environment

WIDTH = layout.WIDTH
# The kinds whose sections have movers, by instructions or by time.
_MOVERS = ("gate", "noise")
_ORIGINS = {"tree": "from a tree", "distribution": "from a distribution's package",
            "running": "of the running machine"}


def _documents(run: Path) -> dict[str, Document]:
    found = {kind: results.load(run / f"{kind}.json") for kind in results.KINDS
             if (run / f"{kind}.json").exists()}
    if not found:
        raise Broken(f"RUN={run}: none of {', '.join(f'{k}.json' for k in results.KINDS)} in it")
    return found


def _said_by_ab(kind: str, documents: dict[str, Document]) -> bool:
    """Whether a comparison has said it already: that of instructions is a part of it. Where a
    promise is broken, too, it tells of that."""
    broken = (documents.get("ab", {}).get("promises") or {}).get("broken")
    return kind == "gate" and "ab" in documents and not broken


def _sentence(documents: dict[str, Document]) -> str:
    """All verdicts in one sentence, the worst first."""
    topics = {word: [KINDS[kind].topic for kind, d in documents.items() if d["verdict"] == outcome]
              for outcome, word in OUTCOMES.items()}
    said = (f"{word} ({', '.join(of)})" for word, of in topics.items() if of)
    return f"Verdict: {'; '.join(said)}."


def _fingerprint(documents: dict[str, Document]) -> Section:
    heads = [d for d in documents.values() if "kernel" in d] or list(documents.values())
    head = heads[0]
    kernel = [("kernel", f"{k['label']}, {k['version']}, {_ORIGINS[k['origin']]}")
              for k in (d["kernel"] for d in heads[:1] if "kernel" in d)]
    return Section("Kernel and fingerprint", [Fields([
        *kernel, ("measured", head["time"]), ("kmbench", head["tool"]["version"]),
        *(pair for kind, d in documents.items() for pair in KINDS[kind].measured_on(d)
          if not (_said_by_ab(kind, documents) and pair[0] in ("base", "new")))])])


def _commands(documents: dict[str, Document]) -> list[str]:
    """What repeats it, each command once."""
    return list(dict.fromkeys(d["command"] for d in documents.values()))


def _patch(subject: str, documents: dict[str, Document]) -> Section:
    head = next(iter(documents.values()))
    lines = [f"kmbench {head['tool']['version']}, kmalloc() on {subject}. {_sentence(documents)}",
             *(line for kind, d in documents.items() for line in KINDS[kind].brief(d))]
    return Section("Under a patch", [text("Ready to be pasted below the line --- of a patch."),
                                     Paste(lines, _commands(documents))])


def _sections(documents: dict[str, Document]) -> list[Section]:
    """Movers first, then their causes and all else."""
    order = sorted(documents, key=lambda kind: kind not in _MOVERS)
    return [section for kind in order for section in KINDS[kind].sections(documents[kind])]


def page(run: Path) -> Page:
    """The report of a run that has some of KINDS."""
    documents = _documents(run)
    kind, head = next(iter(documents.items()))
    kind, head = next(((k, d) for k, d in documents.items() if "kernel" in d), (kind, head))
    subject = KINDS[kind].subject(head)
    return Page(
        f"kmalloc() on {subject}", _sentence(documents),
        [KINDS[k].verdict(d) for k, d in documents.items() if not _said_by_ab(k, documents)],
        [_fingerprint(documents), *_sections(documents), *history_page.sections(run),
         Section("To repeat", [Commands(_commands(documents))]),
         *(s for k, d in documents.items() for s in KINDS[k].appendix(d)),
         _patch(subject, documents)])


def _written(template: str, of: Page, **more: Any) -> str:
    return environment().get_template(template).render(page=of, **more)


# How a page is written, and what of it: what it is of is named in some formats alone.
FORMATS: dict[str, Callable[[Page, str], str]] = {
    "text": lambda page_, _of: _written("report.txt.j2", page_.short()),
    "markdown": lambda page_, _of: _written("report.md.j2", page_.short()),
    "html": lambda page_, of: _written("report.html.j2", page_, run=of,
                                       plots=page_html.plots(page_)),
}


def rendered(of: Page, form: str, name: str) -> str:
    """A page in one of FORMATS; Broken where there is no such format. name: of the run."""
    if form not in FORMATS:
        raise Broken(f"no FORMAT={form}; there are: {' '.join(FORMATS)}")
    return FORMATS[form](of, name)


@contextmanager
def _kept() -> Iterator[None]:
    """Nothing of a report is garbage before it is written; to look for some takes a quarter of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def render(run: Path, form: str = "text") -> str:
    """The report of a run in one of FORMATS."""
    with _kept():
        return rendered(page(run), form, run.name)


def code(run: Path) -> Code:
    """What a run's verdicts come to."""
    verdicts = [results.verdict(path) for kind in results.KINDS if (path := run / f"{kind}.json").exists()]
    if "fail" in verdicts:
        return Code.FAILED
    if "error" in verdicts:
        return Code.BROKEN
    return Code.CANNOT_TELL if "cannot tell" in verdicts else Code.GOOD


def write(run: Path) -> str:
    """Render a run into its report.txt; returns the text."""
    return write_to(run, run / "report.txt", "text")


def show(run: Path) -> None:
    """Print the report of a run, and where all of it is."""
    here = Path.cwd()
    print(f"{write(run)}\nkept in {run.relative_to(here) if run.is_relative_to(here) else run}")


def write_to(run: Path, path: Path, form: str) -> str:
    """Render a run into a file; returns the text."""
    said = render(run, form)
    results.put(path, said)
    return said
