"""The lines that show a study: of each job, and of the whole."""

import re
from collections.abc import Mapping, Sequence

from chestgan.base.progress import duration
from chestgan.display.job_log import Progress

_BAR = 10
# what Snakemake says that tells a user of this workflow nothing
_UNSHOWN = re.compile(
    r"Select jobs to execute|Execute \d+ jobs|Building DAG|Assuming unrestricted|Using shell|host:|Provided "
    r"|Rules claim|Using workflow profile|Using profile|Conda environments: ignored|Singularity containers: ignored"
    r"|Group jobs:|Activating singularity|Trying to restart|RuleException:\nCalledProcessError|None$|$"
)


def label_of(rule: str, wildcards: Mapping[str, str]) -> str:
    """Name a job, such as `train_acgan covidgan, seed 3`."""
    of = of_job(wildcards)
    seed = f", seed {wildcards['seed']}" if "seed" in wildcards else ""
    return f"{rule}{f' {of}' if of else ''}{seed}"


def of_job(wildcards: Mapping[str, str]) -> str:
    """Name the generator or arm of a job, with the part of the results in which a fraction of the patients lies."""
    return f"{wildcards.get('part', '')}{wildcards.get('generator') or wildcards.get('arm') or ''}".removesuffix("/")


def running(label: str, since: float, progress: Progress | None) -> str:
    """Show a job that runs: how far it is, how fast, and how long it still takes."""
    if progress is None:
        return f"{'·' * _BAR}      {label}, for {duration(since)}"
    filled = round(_BAR * progress.share)
    rate = f", {progress.images_per_second:.3g} images/s" if progress.images_per_second else ""
    left = f", {duration(progress.seconds_left)} left" if progress.share < 1 else ""
    return f"{'█' * filled}{'·' * (_BAR - filled)} {progress.share:4.0%} {label}{rate}{left}"


def finished(label: str, seconds: float, progress: Progress | None) -> str:
    """Show a job that is done."""
    rate = f", {progress.images_per_second:.3g} images/s" if progress and progress.images_per_second else ""
    return f"{label}: {duration(seconds)}{rate}"


def whole(done: int, total: int, failed: int, since: float, left: float | None) -> str:
    """Show the study: jobs done and failed, and how long it has taken and still takes."""
    failures = f", {failed} failed" if failed else ""
    rest = "" if left is None else f", about {duration(left)} left"
    return f"{done} of {total} jobs{failures} in {duration(since)}{rest}"


def planned(label: str, reason: str) -> str:
    """Show a job of a plan, and why it runs, without the lists of its files."""
    parts = [part.split(":")[0].strip().lower() for part in reason.split(";")]
    return f"{label}: {'; '.join(dict.fromkeys(filter(None, parts)))}"


def is_shown(message: str) -> bool:
    """Whether a message of Snakemake that belongs to no job is shown."""
    return not _UNSHOWN.match(message)


def fitted(line: str, columns: int) -> str:
    """Cut a line so that it fits a terminal."""
    return line if len(line) < columns else f"{line[: max(0, columns - 2)]}…"


def ending(warnings: Mapping[str, Sequence[str]]) -> list[str]:
    """List what the stages warned of: each warning once, with the jobs that it is of."""
    by_text: dict[str, list[str]] = {}
    for label, texts in warnings.items():
        for text in texts:
            by_text.setdefault(text, []).append(label)
    lines = []
    for text, labels in by_text.items():
        others = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        lines.append(f"warning: {labels[0]}{others}: {text}")
    return lines
