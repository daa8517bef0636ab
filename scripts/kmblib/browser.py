# SPDX-License-Identifier: GPL-2.0
"""A page of a report in a browser without a window: what is wrong with it there."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from .errors import Broken

# A phone, and a screen, pixels.
WIDTHS = (360, 1440)
_SCHEMES = ("light", "dark")
_DRIVER, _CHROMIUM = Path("/usr/bin/chromedriver"), Path("/usr/bin/chromium")
# As WebDriver writes keys.
_TAB, _ENTER = "\ue004", "\ue007"
# WCAG 2.1, level AA: of text, and of what is drawn.
_TEXT, _DRAWN = 4.5, 3.0

# All that needs to be asked of a page, in one answer.
_FACTS = """
const all = s => [...document.querySelectorAll(s)];
const ids = all('[id]').map(e => e.id);
const known = id => id && document.getElementById(id);
const refs = a => all('[' + a + ']').flatMap(e => e.getAttribute(a).split(' '));
return {
 figures: all('figure').map(f => ({
  title: f.querySelector('svg > title')?.textContent || '',
  desc: f.querySelector('svg > desc')?.textContent || '',
  role: f.querySelector('svg')?.getAttribute('role') || '',
  caption: f.querySelector('figcaption')?.textContent || '',
  rows: f.querySelectorAll('details table tbody tr').length})),
 plots: all('svg').length,
 twice: ids.filter((id, i) => ids.indexOf(id) != i),
 dangling: [...refs('aria-labelledby'), ...refs('aria-describedby'),
  ...all('use').map(e => (e.getAttribute('xlink:href') || e.getAttribute('href')).slice(1)),
  ...all('nav a').map(e => e.getAttribute('href').slice(1))].filter(id => !known(id)),
 headings: all('h1, h2, h3, h4').map(h => +h.tagName[1]),
 landmarks: ['header', 'nav', 'main', 'footer'].filter(n => all('body > ' + n).length != 1),
 tables: all('table').filter(t => !t.caption || [...t.querySelectorAll('th')].some(
  h => !h.scope)).length,
 fetched: performance.getEntriesByType('resource').map(e => e.name).filter(
  n => !n.startsWith('data:')),
 scripts: all('script').length, lang: document.documentElement.lang};
"""
_COLOURS = """
const style = e => getComputedStyle(e);
const root = style(document.documentElement);
const seen = c => { const d = document.createElement('i'); d.style.color = c;
 document.body.append(d); const v = style(d).color; d.remove(); return v; };
return {paper: style(document.body).backgroundColor, ink: style(document.body).color,
 link: seen('var(--link)'), lines: [0,1,2,3,4,5,6,7].map(i => seen(`var(--c${i})`)),
 text: style(document.querySelector('svg text') || document.body).fill};
"""

Facts = dict[str, Any]


@contextmanager
def opened() -> Iterator[Any]:
    """A browser, which is gone afterwards; Broken where there is none."""
    try:
        # Not installed where nobody looks at pages, mypy included.
        webdriver: Any = importlib.import_module("selenium.webdriver")
        service: Any = importlib.import_module("selenium.webdriver.chrome.service")
    except ImportError as error:
        raise Broken(f"{error}; scripts/setup browser installs what is missing") from error
    for path in (_DRIVER, _CHROMIUM):
        if not path.exists():
            raise Broken(f"no {path}; scripts/setup browser installs it")
    given = webdriver.ChromeOptions()
    given.binary_location = str(_CHROMIUM)
    # Root has no sandbox; a container's /dev/shm is small.
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        given.add_argument(word)
    given.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=service.Service(str(_DRIVER)), options=given)
    try:
        yield driver
    finally:
        driver.quit()


def _narrow(driver: Any, width: int) -> str:
    """Show the page that wide; how much wider than that it is, "" if not at all."""
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
    needed = driver.execute_script("return document.documentElement.scrollWidth")
    return f"at {width} px it is {needed} px wide" if needed > width else ""


def _luminance(colour: str) -> float:
    """Of "rgb(r, g, b)", as WCAG has it."""
    parts = [float(v) / 255 for v in colour[colour.index("(") + 1:-1].split(",")[:3]]
    red, green, blue = (v / 12.92 if v <= 0.03928 else float(((v + 0.055) / 1.055) ** 2.4)
                        for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _faint(driver: Any, scheme: str) -> list[str]:
    """Colours that cannot be told from the paper."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    c = driver.execute_script(_COLOURS)
    wanted = [(c["ink"], _TEXT), (c["link"], _TEXT), (c["text"], _TEXT),
              *((line, _DRAWN) for line in c["lines"])]
    found = [(colour, contrast(colour, c["paper"]), least) for colour, least in wanted]
    return [f"{scheme}: {colour} on {c['paper']} has a contrast of {has:.1f}, at least {least}"
            for colour, has, least in found if has < least]


def _keys(driver: Any) -> list[str]:
    """What cannot be done by keyboard: to skip to the report, and to open what is folded."""
    driver.switch_to.active_element.send_keys(_TAB)
    first = driver.execute_script("return document.activeElement.className")
    problems = [] if first == "skip" else ["the first Tab does not find the link to the report"]
    for summary in driver.find_elements("css selector", "summary")[:1]:
        summary.send_keys(_ENTER)
        if not driver.execute_script("return arguments[0].parentElement.open", summary):
            problems.append("Enter does not open the numbers of a plot")
    return problems


def _of(facts: Facts) -> list[str]:
    """What is wrong by what the page consists of."""
    steps = zip([0, *facts["headings"]], facts["headings"])
    plots = [f"a plot without {key}: {f['title'] or f['caption'][:40]}" for f in facts["figures"]
             for key in ("title", "desc", "role", "caption", "rows") if not f[key]]
    found = {"ids that are there twice": facts["twice"], "references to nothing": facts["dangling"],
             "headings out of order": [b for a, b in steps if b > a + 1],
             "landmarks that are not there once": facts["landmarks"],
             "loaded from elsewhere": facts["fetched"],
             "tables without a caption or a scope": facts["tables"],
             "scripts": facts["scripts"], "language": [] if facts["lang"] else ["none"],
             "plots outside of figures": facts["plots"] - len(facts["figures"])}
    return plots + [f"{what}: {of}" for what, of in found.items() if of]


def problems(driver: Any, path: Path, figures: int) -> list[str]:
    """What is wrong with a page; it has to have so many figures at least."""
    driver.get_log("browser")
    driver.get(path.resolve().as_uri())
    said = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    facts = driver.execute_script(_FACTS)
    few = [f"{len(facts['figures'])} figures, at least {figures}"] \
        if len(facts["figures"]) < figures else []
    keys = _keys(driver)
    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    return [*(f"console: {line}" for line in said), *few, *_of(facts), *keys,
            *filter(None, (_narrow(driver, width) for width in WIDTHS)),
            *(line for scheme in _SCHEMES for line in _faint(driver, scheme))]
