"""The columns of a table are recognised by their names and their cells, and another's table isn't taken."""

from pathlib import Path

import pandas as pd
import pytest

from chestgan.data import column_guesses

IMAGES = [f"films/{place:02d}.png" for place in range(12)]


def write(folder: Path, table: str, **columns: list) -> None:
    pd.DataFrame(columns).to_csv(folder / table, index=False)


@pytest.mark.parametrize(
    ("cells", "template"),
    [
        (IMAGES, None),
        ([image.replace("/", "\\") for image in IMAGES], None),
        ([Path(image).name for image in IMAGES], "**/{ID}"),
        ([Path(image).stem for image in IMAGES], "**/{ID}.png"),
    ],
    ids=["paths", "paths of Windows", "names", "ids"],
)
def test_the_column_of_files_is_the_one_that_names_them(tmp_path: Path, cells: list[str], template: str) -> None:
    write(tmp_path, "t.csv", note=["x"] * 12, ID=cells, other=[f"{cell}.old" for cell in cells])
    guess = column_guesses.find_table(tmp_path, IMAGES, ["t.csv"])
    assert (guess.file, guess.file_template, guess.n_named) == ("ID", template, 12)


def test_names_and_cells_have_to_fit(tmp_path: Path) -> None:
    write(
        tmp_path,
        "t.csv",
        file=IMAGES,
        patient_id_known=[1] * 12,
        patient=["unknown"] * 12,
        **{"Patient ID": [f"p{place // 2}" for place in range(12)]},
        label=["same"] * 12,
        Finding=["covid", "normal"] * 6,
        site=["one"] * 12,
        Hospital=["east", "west"] * 6,
        Age=list(range(12)),
        sex=["F"] * 12,
    )
    guess = column_guesses.find_table(tmp_path, IMAGES, ["t.csv"])
    assert (guess.label, guess.patient, guess.source) == ("Finding", "Patient ID", "Hospital")
    assert guess.labels == {"covid": 6, "normal": 6}
    assert guess.carried == ["Age"]


def test_a_table_of_few_of_the_images_is_not_theirs(tmp_path: Path) -> None:
    write(tmp_path, "few.csv", file=IMAGES[:5], label=["covid"] * 5)
    write(tmp_path, "most.csv", file=IMAGES[:10], label=["covid"] * 10)
    write(tmp_path, "none.csv", name=["covid"] * 10)
    (tmp_path / "damaged.xlsx").write_bytes(b"PK")
    (tmp_path / "notes.txt").write_text("file\n")
    others = [path.name for path in tmp_path.iterdir()]
    assert column_guesses.find_table(tmp_path, IMAGES, others).path == "most.csv"
    (tmp_path / "most.csv").unlink()
    assert column_guesses.find_table(tmp_path, IMAGES, [name for name in others if name != "most.csv"]) is None
