# How jobs are launched: on which device, by how many processes on how many nodes, in which container.
import shutil
import signal

from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_executor_plugins.settings import DeploymentMethod

from chestgan.base import checksums, interruption, threads
from chestgan.cluster import binds, feasibility, gpus, profiles, programs, stages

# which profile Snakemake was started with, for jobs on other nodes too
if workflow.is_main_process:
    os.environ |= {"CHESTGAN_PROFILE": profiles.named(sys.argv, os.environ) or "profiles/local"}
PROFILE = os.getenv("CHESTGAN_PROFILE", "profiles/local")
LAUNCH = os.path.relpath(PROJECT / "workflow" / "launch.sh")
LEASE = os.path.relpath(PROJECT / "workflow" / "lease_gpus.py")
NODES = config["nodes"]
PROCESSES = NODES * max(1, config["gpus"])
# a job that computes on a GPU asks for one; a training asks for one per process
GPU = min(1, config["gpus"])
GPUS = dict.fromkeys(stages.ON_GPU, GPU) | {"train_acgan": GPU * PROCESSES}
# A scheduler gives its jobs GPUs; on a machine without one a job leases its own. More jobs at once than fit are not
# started: what the machine has is a resource of Snakemake's, in shares of a GPU.
LEASED = DEVICE == "gpu" and NODES == 1 and not workflow.remote_exec and workflow.resource_settings.nodes is None
SHARES = config["jobs_per_gpu"]
NAMED_GPUS = workflow.global_resources["gpu"].value if LEASED and "gpu" in workflow.global_resources else None
PRESENT_GPUS = gpus.present(os.getenv("CUDA_VISIBLE_DEVICES"), NAMED_GPUS) if LEASED else []
if LEASED and PRESENT_GPUS:
    if told := gpus.problem(config["gpus"], len(PRESENT_GPUS), NAMED_GPUS):
        sys.exit(f"error: {told}")
    workflow.register_resource("gpu", (NAMED_GPUS or len(PRESENT_GPUS)) * SHARES)
# what makes Slurm give several nodes to one job, whose shell command runs on the first of them
ON_NODES = {"mpi": "srun", "nodes": NODES, "tasks": NODES, "tasks_per_gpu": 0} if NODES > 1 else {}
ENGINE = config["container_engine"]
LEASES = os.getenv("CHESTGAN_LEASES", str(gpus.FOLDER))
IMAGE = "containers/chestgan.sif"
APPTAINER = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
# without Apptainer Snakemake plans nothing in an image; a laptop may plan, and `require_possible` starts nothing
CAN_ENTER = not (APPTAINER and workflow.is_main_process) or bool(
    shutil.which("apptainer") or shutil.which("singularity")
)
# a container sees the project's folder, what the configuration names beyond it, and what links among the images lead to
NAMED = [str(folder) for by_seed in IMPORTED.values() for folder in by_seed.values()]
IMAGES = list(map(Path, NAMED if IS_DEMO else [DATA["folder"], *NAMED])) if ENGINE or APPTAINER else []
# of a generator that a training begins from, what lies beside it too
BESIDE = sorted({str(path.parent) for path in STARTS.values()})
BINDS = configuration.paths_outside([config, NAMED, BESIDE], Path.cwd())
try:
    BINDS = sorted(map(str, {*BINDS, *binds.linked(IMAGES, [Path.cwd(), *BINDS])}))
except UserError as error:
    sys.exit(f"error: {error}")


def image_of(engine):
    """Ask a container engine for the digest of the image; empty where there is none, as where a study is only planned."""
    try:
        told = programs.ask([engine, "image", "inspect", "--format", "{{.Id}}", "chestgan"]).strip()
        # as everywhere the digits alone, which Docker writes after the name of their kind
        return told.removeprefix("sha256:")
    except UserError:
        return ""


def digest_of(image):
    """Read the digest of Apptainer's image file from the checksum beside it; empty where there is none."""
    path = Path(f"{image}.sha256")
    words = path.read_text().split() if path.is_file() else []
    return words[0] if words else ""


def image_problems():
    """List what prevents the jobs from entering the image, or would leave their results without its digest."""
    problems = []
    if ENGINE and not image_of(ENGINE):
        problems.append(f"{ENGINE} has no image chestgan here; `make image` builds it")
    if not CAN_ENTER:
        problems.append(
            "apptainer isn't on the PATH here; load it, or take software-deployment-method out of the profile"
        )
    if APPTAINER and not Path(IMAGE).is_file():
        problems.append(f"there is no image {IMAGE}; `make sif` builds it")
    elif APPTAINER and not digest_of(IMAGE):
        problems.append(f"there is no checksum in {IMAGE}.sha256; write it: sha256sum {IMAGE} > {IMAGE}.sha256")
    for path in [str(Path.cwd()), *BINDS] if ENGINE or APPTAINER else []:
        if set(path) & set(",:"):
            problems.append(f"{path} can't be shown to a container: its name has a comma or a colon; rename it")
    return problems


VARIABLES = " ".join(f"{name}={value}" for name, value in threads.ENVIRONMENT.items())
shell.prefix(f"set -euo pipefail; export {VARIABLES}; ")
if ENGINE:
    os.environ |= {"CHESTGAN_ENGINE": ENGINE, "CHESTGAN_BINDS": ":".join(BINDS), "CHESTGAN_IMAGE": image_of(ENGINE)}
    os.environ |= {"CHESTGAN_LEASE_GPUS": shlex.join([sys.executable, str(Path(LEASE).absolute())])}
    shell.executable(str(SCRIPTS.parent / "containers" / "run_in_image.sh"))
elif APPTAINER:
    # here the lease is taken inside, and is of the whole machine all the same
    if LEASED:
        gpus.make_folder(Path(LEASES))
        BINDS.append(LEASES)
    # SingularityCE, which has the same commands, reads its own names alone
    for program in ("APPTAINER", "SINGULARITY"):
        os.environ |= {
            f"{program}ENV_CHESTGAN_IMAGE": digest_of(IMAGE),
            f"{program}_BIND": ",".join(filter(None, [os.getenv(f"{program}_BIND"), *BINDS])),
        }


def python(wildcards, resources):
    """Make the command that runs a script as one process, with a GPU of its own where it computes on one."""
    return f"{lease_of(1)}python"


def launcher(wildcards, threads):
    """Make the command that starts the processes of a training."""
    if PROCESSES == 1:
        return f"{lease_of(1)}python"
    # as Snakemake enters it on one node; read by a shell there
    enter = f'apptainer exec --home "$PWD" {workflow.deployment_settings.apptainer_args} {IMAGE}'
    enter = enter if APPTAINER and NODES > 1 else ""
    command = shlex.join(["bash", LAUNCH, str(NODES), str(PROCESSES // NODES), str(threads), enter])
    return lease_of(PROCESSES) + command


def lease_of(n_gpus):
    """Make the words before a command that lease GPUs of this machine for it; none where a scheduler gives them."""
    if not LEASED:
        return ""
    words = f"{n_gpus} {SHARES} {NAMED_GPUS or 0}"
    # a container sees the GPUs of its lease alone, so the lease is taken outside of it, where these words are read
    return f"CHESTGAN_GPUS='{words}' " if ENGINE else f"python {LEASE} {words} "


def time_limit(wildcards, resources):
    """Return the minutes after which a scheduler kills this job; 0, no limit, on one machine."""
    return resources.runtime if workflow.remote_exec else 0


def cluster_problems():
    """List what prevents the jobs of this run from being submitted."""
    jobs = [job for job in workflow.dag.needrun_jobs() if not job.is_local]
    requests = [feasibility.request(job.rule.name, job.threads, job.resources) for job in jobs]
    try:
        return feasibility.problems(requests, Path.cwd(), "the profile's config.yaml")
    except UserError as error:
        return [str(error)]


def require_possible():
    """Stop before anything is submitted that can't run: a cluster refuses in its own words, or never starts a job."""
    on_slurm = workflow.executor_plugin.name == "slurm"
    problems = cluster_problems() if on_slurm else []
    if LEASED:
        problems += filter(None, [gpus.problem(config["gpus"], len(PRESENT_GPUS), NAMED_GPUS)])
    if NODES > 1 and not on_slurm:
        problems.append(f"nodes is {NODES}, which takes a cluster: use a profile for Slurm, or set nodes to 1")
    if NODES > 1 and ENGINE:
        problems.append(f"nodes is {NODES}, and {ENGINE} joins no nodes: use Apptainer, or no container")
    problems += image_problems()
    if problems:
        raise WorkflowError("\n".join(problems))


if workflow.is_main_process and ExecutorPluginRegistry().is_installed("slurm"):
    from chestgan.cluster import executor

    executor.use()


onsuccess:
    # what `make verify` compares with
    checksums.record(Path(RESULTS))


onstart:
    require_possible()
    checksums.begin(Path(RESULTS))
    if workflow.executor_plugin.name == "local":
        interruption.pass_on()
    # where its terminal is closed, Snakemake ends as of TERM and leaves no lock; what nohup starts goes on
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    for gpu in filter(lambda each: each.is_filled, PRESENT_GPUS):
        logger.warning(f"{gpu}: jobs wait until it has room")
