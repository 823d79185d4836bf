"""The generators of a study side by side: how far from real patients, how varied, and how their trainings went."""

import pandas as pd

from chestgan import statistics
from chestgan.draws import ALL
from chestgan.study_inputs import NO_GENERATOR

VALUES = ("kid", "fd", "coverage", "nearest_ratio", "ms_ssim")
# the same of real images at the same n; real patients' own nearest ratio is 1
REAL_VALUES = ("real_kid", "real_fd", "real_coverage", "real_ms_ssim")
# on the way from real images (0) to one image alone (1), generators that had collapsed on X-rays, CT and phantoms
# lay at 0.87 or beyond, and those whose images only vary less than real ones at 0.55 or below
_ALIKE = 0.75
# training images at 64 px that were brightened, hardly blurred or moved by a pixel lay at 0.4 to 0.6 of the distance of
# other patients, and new images, of good generators and bad ones, at 0.98 and beyond
_COPIED = 0.75


def measured(distances: pd.DataFrame, variety: pd.DataFrame) -> pd.DataFrame:
    """Take what counts of each training's generator: beside the test patients, over all images, by the first extractor.

    Args:
        distances: as `study_inputs.read_distances` gives it.
        variety: as `study_inputs.read_variety` gives it.

    Returns:
        A row for each generator and seed: generator, seed, extractor, n, `VALUES` and `REAL_VALUES`.
    """
    far = distances[(distances["reference"] == "test") & (distances["class"] == ALL)]
    varied = variety[variety["class"] == ALL].drop(columns=["class", "n"])
    both = far.merge(varied, on=["generator", "seed", "extractor"], validate="one_to_one")
    first = both[both["extractor"] == distances["extractor"].iloc[0]]
    return first[["generator", "seed", "extractor", "n", *VALUES, *REAL_VALUES]].reset_index(drop=True)


def table(values: pd.DataFrame, histories: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Average every generator over its seeds.

    Args:
        values: from `measured`.
        histories: as `study_inputs.read_histories` gives it; its order of generators is that of the rows.
        confidence: of the intervals.

    Returns:
        A row for each generator: mean, standard deviation (n - 1) and t interval over the seeds of each of `VALUES`,
        means of `REAL_VALUES`, then the distances to the validation patients: at the snapshot that was kept, at the end
        of the training, and their `collapse_ratio`. With one seed there is no spread; where a kept generator is as near
        as real images, at 0 or below, there is no ratio.
    """
    groups = values.groupby("generator")
    columns: dict[str, pd.Series] = {"n_seeds": groups.size()}
    columns |= {name: groups[name].first() for name in ("extractor", "n")}
    for name in VALUES:
        columns[f"{name}_mean"], columns[f"{name}_sd"] = groups[name].mean(), groups[name].std()
        ends = {generator: statistics.mean_interval(seeds.to_numpy(), confidence) for generator, seeds in groups[name]}
        columns |= pd.DataFrame(ends, index=[f"{name}_low", f"{name}_high"]).T.to_dict("series")
    columns |= {name: groups[name].mean() for name in REAL_VALUES}
    order = [name for name in histories["generator"].unique() if name in groups.groups]
    return pd.DataFrame(columns).join(_trainings(histories)).loc[order].rename_axis("generator").reset_index()


def caveats(arms: pd.DataFrame) -> list[str]:
    """Say which generators draw nearly one image a class, and which copy training images; nothing of the others.

    Args:
        arms: rows with generator (or `NO_GENERATOR`), ms_ssim, real_ms_ssim and nearest_ratio.
    """
    drawn = arms[arms["generator"] != NO_GENERATOR].drop_duplicates("generator")
    alike = drawn[drawn["ms_ssim"] - drawn["real_ms_ssim"] > _ALIKE * (1 - drawn["real_ms_ssim"])]
    copied = drawn[drawn["nearest_ratio"] < _COPIED]
    told = []
    if len(alike):
        told.append(
            f"{_listed(alike['generator'])} {'draws' if len(alike) == 1 else 'draw'} nearly the same image of a class "
            f"again and again (MS-SSIM {_range(alike['ms_ssim'])}, of real ones {_range(alike['real_ms_ssim'])})"
        )
    if len(copied):
        told.append(
            f"images of {_listed(copied['generator'])} lie nearer to the training images than other patients do (at "
            f"{_range(copied['nearest_ratio'])} of their distance)"
        )
    return told


def _trainings(histories: pd.DataFrame) -> pd.DataFrame:
    """Average the best and the last distance of every generator's trainings, and how much further off the last is."""
    groups = histories.sort_values("kimg", kind="stable").groupby(["generator", "seed"])["distance"]
    ends = pd.DataFrame({"best_distance": groups.min(), "last_distance": groups.last()})
    # a distance is unbiased, so that of an excellent generator may be below 0, and no ratio to it means anything
    ends["collapse_ratio"] = (ends["last_distance"] / ends["best_distance"]).where(ends["best_distance"] > 0)
    return ends.groupby("generator").agg(lambda seeds: seeds.mean(skipna=False))


def _listed(names: pd.Series) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _range(values: pd.Series) -> str:
    low, high = (f"{value:.2f}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
