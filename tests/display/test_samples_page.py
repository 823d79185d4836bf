"""The page of the samples so far."""

import subprocess
import sys
from pathlib import Path

from chestgan.display import samples_page
from project import ROOT


def test_it_shows_the_newest_sheet_of_every_training(tmp_path: Path) -> None:
    results, logs = tmp_path / "results" / "mine", tmp_path / "logs" / "mine"
    for name in ("checkpoint/samples/kimg-000001.000.png", "checkpoint/samples/kimg-000002.000.png"):
        path = results / "dcgan" / "seed-1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (logs / "train_acgan").mkdir(parents=True)
    said = "dcgan, seed 1: 2 of 20 thousand images, 64 images/s, validation KD 0.1"
    (logs / "train_acgan" / "dcgan-seed-1.log").write_text(f"start\n{said}\n")
    page = samples_page.write(results, logs).read_text()
    assert f"<figcaption>{said}</figcaption>" in page
    assert '<img src="dcgan/seed-1/checkpoint/samples/kimg-000002.000.png"' in page
    assert page.count("<img") == 1
    part = results / "real_fraction-0.5" / "dcgan" / "seed-1" / "train" / "samples.png"
    part.parent.mkdir(parents=True)
    part.touch()
    # an image may be called as a training's folder is
    (results / "dcgan" / "seed-1" / "generated" / "png" / "covid" / "seed-000001").mkdir(parents=True)
    page = samples_page.write(results, logs).read_text()
    assert page.count("<img") == 2
    assert "<figcaption>real_fraction-0.5/dcgan, seed 1</figcaption>" in page, (
        "trainings with a fraction of the patients too"
    )


def test_it_is_written_from_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dataset: mine\n")
    command = [sys.executable, ROOT / "workflow" / "watch.py", "mine.yaml", "--once"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: there is no folder results/mine yet; start the study first\n"
    (tmp_path / "results" / "mine").mkdir(parents=True)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    page = tmp_path / "results" / "mine" / samples_page.NAME
    assert done.stdout == f"samples so far: {page.as_uri()}\n"
    assert "No training has drawn any yet" in page.read_text()
