# What a user sees of a study that runs: lines of its jobs instead of Snakemake's lists of their files, which its log keeps.
from chestgan.display.estimate import Kind
from chestgan.display.handler import Display

OPENING = f"logs of the jobs: {LOGS}"
if workflow.configfiles:
    OPENING += f"; samples of the trainings so far: make watch CONFIG={os.path.relpath(workflow.configfiles[-1])}"


def kinds_of_jobs():
    """Count the study's jobs that take about as long as one another."""
    n_seeds = len(SEEDS)
    kinds = {Kind("evaluate_classifier", f"{part}{arm}"): n_seeds for part, arm in CLASSIFIERS}
    kinds |= {Kind("take_patients", part.removesuffix("/")): n_seeds for part in PARTS}
    for stage in ("train_acgan", "generate_images"):
        kinds |= {Kind(stage, f"{part}{generator}"): n_seeds for part, generator in TRAININGS}
    for name in GENERATORS:
        kinds |= {Kind("import_images", name): n_seeds} if name in IMPORTED else {}
        kinds[Kind("compute_fid", name)] = n_seeds
    return kinds | dict.fromkeys([Kind("classify_images", name) for name in CLASSIFIED], n_seeds)


def begin():
    """Do what this workflow does before the first job; in another workflow its `onstart` isn't called."""
    checksums.begin(Path(RESULTS))


def last_lines():
    """List what a finished study ends with: its verdict, and where its page is."""
    # in another workflow this one's `onsuccess` isn't called
    if not workflow.output_settings.dryrun:
        checksums.record(Path(RESULTS))
    verdict, page = Path(RESULTS) / "study" / "verdict.txt", Path(RESULTS) / "report.html"
    if not (verdict.is_file() and page.is_file()):
        return []
    return ["", *verdict.read_text().splitlines(), "", f"the page of the study, with all figures and tables: {page}"]


def show_study():
    """Put the study's display in the place of Snakemake's own output, unless a user asked for more or for less of that."""
    from chestgan.doctor import forecast

    settings = workflow.output_settings
    own = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    if own is None or settings.quiet or settings.verbose or settings.printshellcmds or settings.debug_dag:
        return
    earlier, expected = forecast.earlier_seconds(Path(BENCHMARKS)), forecast.expected_seconds(config)
    logger.removeHandler(own)
    kinds = kinds_of_jobs()
    logger.addHandler(
        Display(own.stream, own.formatter, settings.dryrun, kinds, earlier, expected, OPENING, begin, last_lines)
    )


if workflow.is_main_process:
    show_study()
