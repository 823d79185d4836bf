"""The table of a study's generators: their metrics over the seeds, and how their trainings went."""

import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from chestgan.metrics import copies
from chestgan.metrics.catalogue import METRICS
from chestgan.metrics.metric import ALL
from chestgan.study.origins import without_spread

_COUNTED = ["n_images", "n_held_out", "n_near", "n_copies"]


def measured(distances: pd.DataFrame, diversity: pd.DataFrame) -> pd.DataFrame:
    """Select what counts of each generator: beside the test patients, over all images, by the first extractor.

    Args:
        distances: as `generator_inputs.read_distances` returns it.
        diversity: as `generator_inputs.read_diversity` returns it.

    Returns:
        A row for each generator and seed: generator, seed, extractor, n, n_classes, the metrics, those of real
        images, and the counts of copies. A generator with images of some classes alone has fewer n_classes, and isn't
        comparable.
    """
    n_classes = distances[distances["class"] != ALL].groupby("generator")["class"].nunique()
    of_all = distances[(distances["reference"] == "test") & (distances["class"] == ALL)]
    varied = diversity[diversity["class"] == ALL].drop(columns=["class", "n"])
    both = of_all.merge(varied, on=["generator", "seed", "extractor"], validate="one_to_one")
    first = both[both["extractor"] == distances["extractor"].iloc[0]]
    names = [*(metric.name for metric in METRICS), *(metric.real_name for metric in METRICS)]
    first = first.assign(n_classes=first["generator"].map(n_classes))
    return first[["generator", "seed", "extractor", "n", "n_classes", *names, *_COUNTED]].reset_index(drop=True)


def table(values: pd.DataFrame, histories: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Average every generator over its seeds.

    Args:
        values: from `measured`.
        histories: as `generator_inputs.read_histories` returns it; its order of generators is that of the rows.
        origins: as `read_origins` returns it; imported generators come last, in its order.

    Returns:
        A row for each generator: mean, standard deviation (n - 1), least and most over the seeds of each metric, means
        of those of real images, the copies among the images of all seeds with Wilson's interval of their share, then
        the kernel distances to the validation patients: of the selected and of the last generator, and their
        `last_to_best_ratio`, and the thousand images shown (`kimg`). With one seed there is no deviation, nor with
        images that are the same for every seed, which count as one; where a selected generator is as near as real
        images, at 0 or below, there is no ratio; an imported generator has no validation KD.
    """
    same = values["generator"].isin(without_spread(origins))
    groups = values[~(same & values["generator"].duplicated())].groupby("generator")
    columns: dict[str, pd.Series] = {"n_seeds": groups.size()}
    columns |= {name: groups[name].first() for name in ("extractor", "n", "n_classes")}
    for name in (metric.name for metric in METRICS):
        columns[f"{name}_mean"], columns[f"{name}_sd"] = groups[name].mean(), groups[name].std()
        columns[f"{name}_least"], columns[f"{name}_most"] = groups[name].min(), groups[name].max()
    columns |= {metric.real_name: groups[metric.real_name].mean() for metric in METRICS}
    columns |= _copies(groups)
    names = dict.fromkeys([*histories["generator"], *origins["generator"]])
    order = [name for name in names if name in groups.groups]
    return pd.DataFrame(columns).join(_trainings(histories)).loc[order].rename_axis("generator").reset_index()


def _copies(groups: DataFrameGroupBy) -> dict[str, pd.Series]:
    """Count the copies among the images of all seeds: `copies.COUNTS` of each generator."""
    sums = groups[_COUNTED].sum(min_count=1).assign(n_held_out=groups["n_held_out"].first())
    ends = [copies.interval(*row) for row in sums[["n_copies", "n_images"]].itertuples(index=False)]
    sums = sums.assign(copies_share=sums["n_copies"] / sums["n_images"])
    sums[["copies_low", "copies_high"]] = ends
    return {name: sums[name] for name in copies.COUNTS}


def _trainings(histories: pd.DataFrame) -> pd.DataFrame:
    """Average the best and the last validation KD of every generator's trainings, their ratio, and the images shown."""
    groups = histories.sort_values("kimg", kind="stable").groupby(["generator", "seed"])["validation_kd"]
    ends = pd.DataFrame({"best_validation_kd": groups.min(), "last_validation_kd": groups.last()})
    # a kernel distance is unbiased, so that of an excellent generator may be below 0, and no ratio to it means anything
    best = ends["best_validation_kd"]
    ends["last_to_best_ratio"] = (ends["last_validation_kd"] / best).where(best > 0)
    ends["kimg"] = histories.groupby(["generator", "seed"])["kimg"].max()
    return ends.groupby("generator").agg(lambda seeds: seeds.mean(skipna=False))
