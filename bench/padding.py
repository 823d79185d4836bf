"""How well the classes are told without the lungs where images are padded and where they are cropped; writes the table
of docs/ablation.md.

    python bench/padding.py --sets "X-rays, pad=cxr-pad:covid" "X-rays, crop=cxr-crop:covid" --write

Each set is an image set made by split_data, of the same images with square: pad and square: crop. Beside the probes of
every study one sees nothing but whether there are black bars above or beside.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench import table, with_tables
from sizes import SCRIPTS

sys.path.insert(0, str(SCRIPTS))

from chestgan.images import image_set
from chestgan.images.image_set import ImageSet
from chestgan.study import probes
from chestgan.study.labels import probe_label

PAGE = SCRIPTS.parent / "docs" / "ablation.md"
CONFIDENCE = 0.95
# of a row or column of a bar; resized edges aren't quite black
_BLACK = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every set, print its probes, and write the table of docs/ablation.md where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", required=True, help="NAME=FOLDER:POSITIVE_CLASS")
    parser.add_argument("--write", action="store_true", help="write the table of docs/ablation.md")
    arguments = parser.parse_args(argv)
    columns, counts = {}, []
    for words in arguments.sets:
        name, place = words.split("=")
        folder, positive = place.rsplit(":", 1)
        found = measure(image_set.read(Path(folder)), positive)
        columns[name] = {row.probe: _told(row) for row in found.itertuples()}
        counts.append(f"{name}: {found['n_test_images'].iloc[0]} images of {found['n_test_patients'].iloc[0]} patients")
        print(name, found.round(3).to_string(index=False), sep="\n", flush=True)
    if arguments.write:
        rows = [[_label(probe), *(columns[name][probe] for name in columns)] for probe in next(iter(columns.values()))]
        content = table(["told by", *columns], rows)
        caption = f"Test: {'; '.join(counts)}."
        PAGE.write_text(with_tables(PAGE.read_text(), {"padding": content}, caption))
    return 0


def measure(real: ImageSet, positive_class: str) -> pd.DataFrame:
    """Measure the probes of a study, the bars first."""
    barred = ImageSet(real.images, real.manifest.assign(source=bars(real.images)))
    told = probes.probe_table(barred, positive_class, CONFIDENCE)
    # a regression on the name of the place of the bars is one on that place
    told = told[told["probe"] == "source"].assign(probe="bars")
    return pd.concat([told, probes.probe_table(real, positive_class, CONFIDENCE)], ignore_index=True)


def bars(images: np.ndarray) -> list[str]:
    """Name where each of (N, H, W) uint8 images has black bars: above or below, beside, both or nowhere."""
    rows, columns = (images.max(axis=axis) <= _BLACK for axis in (2, 1))
    above, beside = (edge[:, 0] | edge[:, -1] for edge in (rows, columns))
    return [f"above {one}, beside {other}" for one, other in zip(above, beside, strict=True)]


def _label(probe: str) -> str:
    return "whether there are bars above or beside" if probe == "bars" else probe_label(probe)


def _told(row: tuple) -> str:
    return f"{row.roc_auc:.2f} ({row.roc_auc_low:.2f} to {row.roc_auc_high:.2f})".replace("0.", ".")


if __name__ == "__main__":
    sys.exit(main())
