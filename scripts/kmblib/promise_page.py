# SPDX-License-Identifier: GPL-2.0
"""What a report has of kunit.json and ktap.json."""

from __future__ import annotations

from .page import Document, Entries, Entry, Section, text

_BAD = ("fail", "error")
# Reasons of one test that are told; the others differ in a size, or in flags.
_MOST = 3


def _title(document: Document) -> str:
    """A heading, which says so when a module stood in for KUnit."""
    return "Promises, tested by a module" if document["environment"].get("guest") else "Promises"


def _others(document: Document) -> str:
    """Which promises are broken, where the reason is but the first case of several."""
    broken = {p["nr"]: sum(c["outcome"] in ("fail", "error") for c in p["cases"])
              for p in document["promises"]}
    if sum(broken.values()) < 2:
        return ""
    of = ", ".join(str(number) for number, cases in broken.items() if cases)
    return f" ({sum(broken.values())} cases in all, of promise {of})"


def verdict(document: Document) -> str:
    """In a sentence."""
    return f"{_title(document)}: " + (
        "every one that was tested holds." if document["verdict"] == "pass" else
        f"BROKEN. {document['reason']}{_others(document)}")


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    e = document["environment"]
    config = e.get("config", "default")
    fields = [("module" if e.get("runner") == "ktap" else "KUnit",
               f"{e['arch']}, {'' if config == 'default' else f'{config}, '}{e['compiler']}"),
              ("", f"config {e['config_sha256'][:16]}")]
    fields += [("", e["qemu"])] if "qemu" in e else []
    fields += [("", f"without {option}: kunit/matrix.toml says why")
               for option in e.get("without", [])]
    return fields + (_guest(e["guest"]) if "guest" in e else [])


def _guest(guest: Document) -> list[tuple[str, str]]:
    fields = [("machine", f"{guest['cpus']} CPU, {guest['mem_mib']} MiB, {guest['accelerator']}, "
                          f"{guest['qemu']}"), ("boot", guest["cmdline"])]
    return fields + first_failure(guest)


def first_failure(of: Document) -> list[tuple[str, str]]:
    """How a kernel failed before it was heard under another QEMU."""
    if not of.get("first_failure"):
        return []
    return [("at first", f"{of['first_failure']} (under another QEMU; this one does not confirm "
                         "it)")]


def _case_name(case: dict[str, str]) -> str:
    return "/".join(filter(None, (case["suite"], case["case"], case["parameter"])))


def _why(cases: list[dict[str, str]], outcomes: tuple[str, ...]) -> list[str]:
    """Each distinct reason once, with the first case that gave it; of those of one test, which
    differ in a size or flags, a few."""
    reasons: dict[str, dict[str, str]] = {}
    for case in cases:
        if case["outcome"] in outcomes:
            of = reasons.setdefault(f"{case['suite']}/{case['case']}", {})
            of.setdefault(case["reason"], _case_name(case))
    return [line for test, of in reasons.items() for line in _few(test, of)]


def _few(test: str, reasons: dict[str, str]) -> list[str]:
    lines = [f"{name}: {reason}" for reason, name in reasons.items()]
    left = len(lines) - _MOST
    return lines[:_MOST] + ([f"{test}: and {left} more, in kunit.json"] if left > 0 else [])


def _promise(promise: Document) -> Entry:
    bad = [f"promised in {promise['place']}", *_why(promise["cases"], _BAD)] \
        if promise["outcome"] in ("failed", "error") else []
    notes = [*bad, *promise["differences"],
             *(f"skipped {line}" for line in _why(promise["cases"], ("skip",)))]
    return Entry(promise["outcome"], str(promise["nr"]), promise["kind"], promise["text"], notes)


def _controls(controls: list[dict[str, str]]) -> Entry:
    bad = [c for c in controls if c["outcome"] != "pass"]
    skipped = sum(c["outcome"] == "skip" for c in bad)
    return Entry("held" if len(bad) == skipped else "FAILED", "", "",
                 f"controls: {len(controls)} planted faults, {len(controls) - len(bad)} found, "
                 f"{skipped} skipped",
                 [f"{c['suite']}/{c['case']}: {c['outcome']} {c['reason']}" for c in bad])


def _counted(document: Document) -> str:
    counts = document["counts"]
    return (f"{counts['pass']} cases passed, {counts['fail']} failed, {counts['skip']} skipped, "
            f"{counts['error']} errors.")


def sections(document: Document) -> list[Section]:
    """All promises: broken ones first, then the others by their numbers."""
    entries = [*map(_promise, document["promises"]), _controls(document["controls"])]
    bad = ("failed", "error", "FAILED")
    entries.sort(key=lambda e: e.outcome not in bad)
    return [Section(_title(document), [
        text(f"{_counted(document)} A promise is C (contract, documented) or I (implementation); "
             "an I that differs is no failure."),
        Entries("What came of each promise", entries)])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the counts, and what is broken."""
    broken = [p for p in document["promises"] if p["outcome"] in ("failed", "error")]
    return [f"{_title(document).lower()}: {_counted(document)}",
            *(f"{p['outcome']}: promise {p['nr']}, {p['text']}" for p in broken)]


def headline(document: Document) -> str:
    """How many cases passed, of those that were not skipped."""
    counts = document["counts"]
    tried = counts["pass"] + counts["fail"] + counts["error"]
    return f"{counts['pass']} of {tried} passed"
