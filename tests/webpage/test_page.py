"""The page as text, and as a real browser shows it."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE

from depthtransfer.claims import Evidence, judge_all
from depthtransfer.webpage import Page, Sheet, Shown, render
from depthtransfer.webpage.page import margin, number

# The smallest PNG: one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def page(**changes: Any) -> Page:
    claims = judge_all(Evidence(Path("nowhere"))).to_dict("records")
    for claim, value in zip(claims, (0.5, -1.0, float("-inf"), 2e-7), strict=False):
        claim.update(value=value, low=value - 1, high=value + 1, verdict="reproduced", detail="seen <here>")
    plain: dict[str, Any] = {
        "preset": "invented",
        "summary": "Preset invented.",
        "scale": "Networks of <no> size.",
        "made": "Written by nobody.",
        "claims": claims,
        "figures": (Shown("fig1", "A figure", "Of <nothing>.", PIXEL, 300, b"a,b\n1,2\n", ("A1",)),),
        "sheets": (("Runs", "All of them.", Sheet(("Experiment", "Runs"), (("cnn", "sha256:" + "0" * 64),))),),
    }
    return Page(**{**plain, **changes})


class Addresses(HTMLParser):
    """Everything that a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action", "data") and value:
                self.found.append(value)
            elif name == "id" and value:
                self.ids.append(value)


def test_the_page_refers_to_nothing_outside_itself() -> None:
    text = render(page())
    addresses = Addresses()
    addresses.feed(text)
    papers = {"https://arxiv.org/abs/2309.16620", "https://arxiv.org/abs/2310.02244"}
    outside = {address for address in addresses.found if not address.startswith(("#", "data:"))}
    assert outside == papers, "links to follow, nothing that is loaded"
    assert {address[1:] for address in addresses.found if address.startswith("#")} <= set(addresses.ids)
    assert len(set(addresses.ids)) == len(addresses.ids)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", text)


def test_text_from_tables_is_text() -> None:
    text = render(page())
    assert "Of &lt;nothing&gt;." in text
    assert "seen &lt;here&gt;" in text


def test_a_claim_shows_its_threshold_and_by_how_much_it_is_met() -> None:
    first, *rest = page().claims
    inside = first | {"value": 0.15, "low": 0.12, "high": 0.18, "threshold": "at most 1", "allowed_high": 1.0}
    text = render(page(claims=[inside, *rest]))
    for shown in ("0.15", "(0.12 to 0.18)", "at most 1", "margin: 0.82 inside"):
        assert shown in text
    assert margin(inside | {"allowed_high": 0.1}) == "0.02 outside"
    assert margin(inside | {"allowed_high": 0.15}) == "astride"
    assert margin(inside | {"allowed_high": float("inf")}) == ""
    exact = inside | {"value": 64.0, "low": 64.0, "high": 64.0}
    assert "64 to 64" not in render(page(claims=[exact]))
    assert "of <no> size" not in text


def test_a_page_without_figures_and_runs() -> None:
    text = render(page(figures=(), sheets=()))
    assert '<section id="figures">' not in text
    assert 'href="#fig1"' not in text


@pytest.mark.parametrize(
    ("value", "shown"), [(0.12345, "0.123"), (-1.0, "−1"), (float("-inf"), "−∞"), (float("nan"), ""), (2e-7, "2e−07")]
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


# Runs after the page's own script; writes what it sees into the document, which the browser prints.
VISIT = """
<script>
window.addEventListener("load", async () => {
  const seen = {};
  const cells = () => [...document.querySelectorAll("#claims tbody tr")].map((row) => row.cells[0].textContent.trim());
  const press = (n) => document.querySelectorAll("#claims th button")[n].click();
  seen.first = cells();
  press(2); seen.byValue = cells(); press(2); seen.byValueDown = cells();
  press(1); seen.byVerdict = [...document.querySelectorAll("#claims .verdict")].map((e) => e.textContent);
  press(0); seen.again = cells();
  seen.images = [...document.querySelectorAll("figure img")].map((i) => [i.complete, i.naturalWidth]);
  document.querySelector("button.zoom").click();
  const enlarged = document.getElementById("enlarged");
  seen.open = enlarged.open; seen.same = enlarged.querySelector("img").src === document.querySelector("figure img").src;
  enlarged.click(); seen.closed = !enlarged.open;
  seen.csv = atob(document.querySelector("a[download]").href.split(",")[1]);
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.paper = getComputedStyle(document.body).backgroundColor;
  seen.errors = window.problems;
  document.body.innerHTML = "<pre>" + JSON.stringify(seen) + "</pre>";
});
</script></body>"""
WATCH = """<head><script>
window.problems = []; addEventListener("error", (e) => problems.push(String(e.message)));
</script>"""


def visit(folder: Path, *flags: str) -> dict[str, Any]:
    """Open the page in a headless browser; return what the visiting script saw, and the console's messages."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium here; install Debian's package chromium to run this test")
    file = folder / "page.html"
    file.write_text(render(page()).replace("<head>", WATCH).replace("</body>", VISIT), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000",
        *flags, "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.S)
    assert found, done.stdout[-2000:]
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    seen["console"] = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return seen


@pytest.mark.slow
def test_in_a_browser_the_table_sorts_and_figures_enlarge(tmp_path: Path) -> None:
    seen = visit(tmp_path, "--window-size=1280,900")
    assert seen["errors"] == seen["console"] == []
    assert seen["first"] == seen["again"]
    names = [str(claim["claim"]) for claim in page().claims[:4]]
    by_value = [names[i] for i in (2, 1, 3, 0)]
    assert seen["byValue"][:4] == by_value
    assert seen["byValueDown"][:4] == by_value[::-1]
    assert seen["byVerdict"] == sorted(seen["byVerdict"])
    assert seen["images"] == [[True, 1]]
    assert (seen["open"], seen["same"], seen["closed"]) == (True, True, True)
    assert seen["csv"] == "a,b\n1,2\n"
    assert seen["wide"] == 0


@pytest.mark.slow
def test_on_a_phone_in_the_dark(tmp_path: Path) -> None:
    seen = {}
    for name, flags in (("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))):
        (tmp_path / name).mkdir()
        seen[name] = visit(tmp_path / name, "--window-size=500,800", *flags)
    assert seen["light"]["wide"] == seen["dark"]["wide"] == 0, "nothing to scroll sideways"
    assert seen["light"]["paper"] == "rgb(255, 255, 255)"
    assert seen["dark"]["paper"] == "rgb(22, 24, 28)"
