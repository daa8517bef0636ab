# SPDX-License-Identifier: GPL-2.0
# How Sphinx builds these pages; scripts/docs runs it. What is generated is in
# scripts/kmblib/directives.py.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

project = "kmbench"
copyright = "the authors of kmbench; GPL-2.0"  # pylint: disable=redefined-builtin
root_doc = "index"
extensions = ["kmblib.directives"]
exclude_patterns = ["recipes"]
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"description": "is kmalloc() right, and what does it cost?",
                      "font_family": "serif", "page_width": "60em"}
html_copy_source = False
# Types of the kernel and of C, which are described elsewhere.
nitpick_ignore = [("c:identifier", name) for name in ("__u32", "__u64", "char")]
man_pages = [("kmbench", "kmbench", "measure what kmalloc() costs on the running kernel", "", 1)]
# The man page alone, where no kernel's kernel-doc is at hand: sphinx-build -t man.
if tags.has("man"):  # type: ignore[name-defined]  # noqa: F821
    root_doc = "kmbench"
    exclude_patterns = [p.name for p in Path(__file__).parent.glob("*.rst") if p.stem != "kmbench"]
