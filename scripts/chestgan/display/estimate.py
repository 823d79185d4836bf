"""How long a study still takes: what each kind of job takes, measured or expected, and how many run at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean


@dataclass(frozen=True)
class Kind:
    """Jobs that take about as long as one another.

    Attributes:
        rule: the stage.
        of: the generator or arm; empty where there is neither.
    """

    rule: str
    of: str = ""


def seconds_of_kinds(
    kinds: Collection[Kind],
    measured: Mapping[Kind, Sequence[float]],
    earlier: Mapping[str, float],
    expected: Mapping[str, float],
) -> dict[Kind, float]:
    """Estimate how long a job of each kind takes.

    A kind that was measured takes what it took. Others of its rule take the same, or what jobs of it took in an earlier
    run. Where nothing is known, jobs take what was expected, corrected by how wrong that was of the others.

    Args:
        kinds: all kinds of the study.
        measured: the seconds of jobs that are done or nearly.
        earlier: seconds of a job of each rule in earlier runs here.
        expected: seconds of a job of each rule, right in proportion to one another; what isn't there counts as 1.
    """
    by_rule: dict[str, list[float]] = {}
    for kind, seconds in measured.items():
        by_rule.setdefault(kind.rule, []).extend(seconds)
    by_rule = {rule: [seconds] for rule, seconds in earlier.items()} | by_rule
    wanted = sum(expected.get(rule, 1.0) * len(seconds) for rule, seconds in by_rule.items())
    correction = sum(map(sum, by_rule.values())) / wanted if wanted else 1.0
    estimates = {}
    for kind in kinds:
        of_kind, of_rule = measured.get(kind), by_rule.get(kind.rule)
        guess = expected.get(kind.rule, 1.0) * correction
        estimates[kind] = mean(of_kind) if of_kind else mean(of_rule) if of_rule else guess
    return estimates


def seconds_left(
    waiting: Mapping[Kind, float],
    running: Sequence[tuple[Kind, float, float | None]],
    estimates: Mapping[Kind, float],
    at_once: float,
) -> float:
    """Estimate how long a study still takes.

    Args:
        waiting: how many jobs of each kind haven't begun.
        running: the kind of each job that runs, the seconds since it began, and those left by its own count or None.
        estimates: from `seconds_of_kinds`.
        at_once: how many jobs run at once.
    """
    work = sum(estimates[kind] * n for kind, n in waiting.items())
    rests = [max(0.0, estimates[kind] - since) if left is None else left for kind, since, left in running]
    # the work is shared, but a job isn't
    return max([(work + sum(rests)) / max(1.0, at_once), *rests])
