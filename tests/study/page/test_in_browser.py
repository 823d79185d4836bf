"""The page in a browser without a network, wide and narrow: it asks for nothing, says nothing to the console, is cut
off nowhere, can be scrolled by the keyboard, and prints."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import study_folders
import summarise_study
import write_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
LOOK = """
<script>
  const beyond = [...document.querySelectorAll("main *")].filter(
    (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".wide, .skip, pre")
  );
  const scrolling = [...document.querySelectorAll("*")].filter(
    (one) => one.scrollWidth > one.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(one).overflowX)
  );
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scrolled: document.documentElement.scrollWidth,
    asked: performance.getEntriesByType("resource").map((one) => one.name).filter((name) => !name.startsWith("data:")),
    beyond: beyond.map((one) => one.outerHTML.slice(0, 80)),
    unreached: scrolling.filter((one) => one.tabIndex < 0).map((one) => one.outerHTML.slice(0, 80)),
    scrolling: scrolling.length,
    broken: [...document.images].filter((one) => !one.naturalWidth).length,
  }), "*");
</script>
"""
# a window has at least 500 pixels, a frame may have fewer
FRAME = """<iframe src="looked.html" style="border: 0; width: {width}px; height: 900px"></iframe>
<script>onmessage = (event) => {{ document.title = event.data; }};</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a small study."""
    if BROWSER is None:
        pytest.skip("needs chromium")
    folder = tmp_path_factory.mktemp("browser")
    made = study_folders.make_study(folder, classes=("covid", "normal"))
    assert summarise_study.main([*made.flags(), "--output", str(folder / "study")]) == 0
    named = [["--study", folder / "study"], ["--split", made.real], ["--generated", *made.generated]]
    named += [["--train", *made.history], ["--fid", *made.fid], ["--classifier", *made.classifier]]
    named += [["--output", folder / "report.html"]]
    assert write_report.main([str(word) for words in named for word in words]) == 0
    return folder / "report.html"


def browse(path: Path, *flags: str) -> subprocess.CompletedProcess:
    """Open a page in a browser, in a network of its own where that may be made."""
    may = shutil.which("unshare") and subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0
    alone = ["unshare", "--net"] if may else []
    command = [*alone, BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *flags]
    return subprocess.run([*command, path.as_uri()], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("width", [1400, 390])
def test_it_fits_and_asks_for_nothing(page: Path, tmp_path: Path, width: int) -> None:
    looked = tmp_path / "looked.html"
    looked.write_text(page.read_text().replace("</body>", f"{LOOK}</body>"))
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width))
    done = browse(frame, "--window-size=1600,1000", "--virtual-time-budget=5000", "--dump-dom")
    found = json.loads(re.search(r"<title>(\{.*?\})</title>", done.stdout, flags=re.DOTALL)[1].replace("&quot;", '"'))
    assert found["scrolled"] <= found["width"] == width
    assert found["asked"] == found["beyond"] == found["unreached"] == []
    assert found["broken"] == 0
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line and looked.name in line]


def test_it_prints(page: Path, tmp_path: Path) -> None:
    browse(page, f"--print-to-pdf={tmp_path / 'page.pdf'}")
    pdf = (tmp_path / "page.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 5
