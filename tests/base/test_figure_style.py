"""Equal figures are equal files, and no colour means two things."""

from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure
from PIL import Image

from chestgan.base import figure_style


def drawn(height: float = 1.0) -> Figure:
    figure = figure_style.new_figure(2, 1.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, height], label="line")
    axes.set_title("title")
    axes.legend()
    return figure


def test_equal_figures_are_equal_files(tmp_path: Path) -> None:
    for name, height in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        figure_style.save(drawn(height), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_an_svg_is_the_same_each_time_and_its_text_is_text(tmp_path: Path) -> None:
    for name in ("a", "b"):
        figure_style.save(drawn(), tmp_path / f"{name}.svg")
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert ">title</text>" in text
    assert "date" not in text


def test_a_style_that_was_set_before_changes_nothing(tmp_path: Path) -> None:
    figure_style.save(drawn(), tmp_path / "a.png")
    with matplotlib.rc_context({"font.size": 20, "savefig.dpi": 50, "axes.grid": True, "lines.linewidth": 5}):
        figure_style.save(drawn(), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_file_is_a_png_of_the_size_in_inches_and_names_no_software(tmp_path: Path) -> None:
    figure_style.save(drawn(), tmp_path / "new" / "folder" / "a.png")
    with Image.open(tmp_path / "new" / "folder" / "a.png") as image:
        assert (image.format, image.size) == ("PNG", (240, 180))
        assert "Software" not in image.info
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.png"]


def test_a_figure_replaces_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("old")
    figure_style.save(drawn(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_holds_on_to_a_figure() -> None:
    before = pyplot.get_fignums()
    drawn()
    assert pyplot.get_fignums() == before


def test_a_class_has_its_colour_by_its_place_in_the_alphabet() -> None:
    one = figure_style.class_colours(["covid", "normal", "variant"])
    assert figure_style.class_colours(["variant", "covid", "normal"]) == one
    assert len(set(one.values())) == 3
    assert figure_style.class_colours(["covid", "normal"]) == {label: one[label] for label in ("covid", "normal")}


def test_a_name_has_its_colour_by_its_place_in_the_alphabet() -> None:
    one = figure_style.colours(["dcgan", "covidgan", "dcgan"])
    assert figure_style.colours(iter(["covidgan", "dcgan"])) == one
    assert list(one) == ["covidgan", "dcgan"]
    assert len(set(one.values())) == 2


def test_no_colour_means_a_class_and_something_else() -> None:
    names = [f"{place:02d}" for place in range(40)]
    classes, others = (set(paint(names).values()) for paint in (figure_style.class_colours, figure_style.colours))
    lines = {style["color"] for style in figure_style.line_styles(names).values()}
    plain = {figure_style.REAL_COLOUR, figure_style.NEUTRAL_COLOUR}
    assert (len(classes), len(others), len(lines), len(plain)) == (7, 9, 5, 2)
    assert len(classes | others | lines | plain) == 23
    assert all(map(is_color_like, classes | others | lines | plain))


def test_more_names_than_colours_begin_anew() -> None:
    names = [f"{place:02d}" for place in range(20)]
    assert figure_style.class_colours(names)["07"] == figure_style.class_colours(names)["00"]
    assert figure_style.colours(names)["09"] == figure_style.colours(names)["00"]


def test_twenty_lines_are_told_apart_and_keep_their_order() -> None:
    names = [f"{place:02d}" for place in range(20)][::-1]
    styles = figure_style.line_styles(names)
    assert list(styles) == names
    assert len({tuple(style.values()) for style in styles.values()}) == 20
    assert [style["linestyle"] for style in styles.values()] == ["-"] * 5 + ["--"] * 5 + [":"] * 5 + ["-."] * 5
    colours = [style["color"] for style in styles.values()]
    assert colours[:5] == colours[5:10] == colours[10:15] == colours[15:]


@pytest.mark.parametrize("paint", [figure_style.class_colours, figure_style.colours, figure_style.line_styles])
def test_no_name_has_no_colour(paint) -> None:
    assert paint([]) == {}
