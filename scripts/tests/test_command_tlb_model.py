# SPDX-License-Identifier: GPL-2.0
"""make tlb where there is no model: under a QEMU that does not offer the API which the
plugin asks for, and with a TLB that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from kmblib import qemu, results, tlb
from kmblib.errors import Code

_CHOOSE = "static void choose_version(void)\n{\n"


def test_api_that_is_not_offered(copy: Checkout) -> None:
    """It says so in a line; what is known without the model is there, and no count."""
    plugin, before = copy.repo / "userspace/tlb/qemu_versions.c", copy.runs()
    text = plugin.read_text()
    assert text.count(_CHOOSE) == 1
    try:
        plugin.write_text(text.replace(_CHOOSE, f"{_CHOOSE}\tqemu_plugin_version = 99;\n\treturn;\n"))
        ended = copy.run("tlb", MEM="512M")
    finally:
        plugin.write_text(text)
    assert ended.status == Code.CANNOT_TELL, ended.stderr
    run, = copy.runs() - before
    document = results.load(run / "tlb.json")
    assert document["verdict"] == "error"
    assert document["reason"].startswith("no model of a TLB: plugin requires API version 99, but this "
                                         "QEMU supports only ")
    assert "CANNOT TELL. no model of a TLB" in " ".join(ended.stdout.split())
    _check_walks(document)
    assert not list(run.glob("*.qemu")) and not copy.half_made()
    assert document["fingerprint"]["qemu"] == qemu.INSTALLED.version()


def _check_walks(document: dict[str, Any]) -> None:
    """What is known without the model is there, and no count."""
    walked = [w for w in document["walks"] if not w["unavailable"]]
    assert len(walked) > 50
    assert all(w["model"] is None and w["mapped"] and w["ticks"] >= w["loads"] for w in walked)


def test_tlb_that_cannot_be(copy: Checkout, tmp_path: Path) -> None:
    """One line says which number; the rest of the run goes on. It is the user's mistake."""
    geometry, before = json.loads(tlb.find_geometry("generic").read_text()), copy.runs()
    geometry["levels"][0][0]["entries"] = 0
    (tmp_path / "mine.json").write_text(json.dumps(geometry))
    ended = copy.run("tlb", MEM="512M", GEOMETRY=str(tmp_path / "mine.json"))
    assert ended.status == Code.BROKEN, ended.stderr
    run, = copy.runs() - before
    document = results.load(run / "tlb.json")
    assert document["reason"].startswith(f"no model of a TLB: GEOMETRY={tmp_path}/mine.json: ")
    assert "level 1, array 1: entries 0 is not in 1 to " in document["reason"]
    assert "CANNOT TELL. no model of a TLB: GEOMETRY=" in " ".join(ended.stdout.split())
    _check_walks(document)


@pytest.mark.parametrize("spoilt", [{"entries": -1536}, {"entries": 63.5}, {"ways": 0}, {"sizes": ["64K"]}])
def test_numbers_are_the_models_to_judge(tmp_path: Path, spoilt: dict[str, Any]) -> None:
    """They end no run before it began."""
    geometry = json.loads(tlb.find_geometry("generic").read_text())
    geometry["levels"][0][0].update(spoilt)
    (tmp_path / "mine.json").write_text(json.dumps(geometry))
    assert tlb.read_geometry(tmp_path / "mine.json") == geometry
