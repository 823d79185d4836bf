"""The compute device, and the processes that share the work."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from chestgan.base.errors import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator

DEVICES = ("cpu", "gpu")
# what x86 and ARM call the instructions that multiply in bf16
_BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")


def device(name: str) -> torch.device:
    """Return torch's device for `cpu` or `gpu`.

    Raises:
        UserError: a GPU was asked for and torch sees none.
    """
    if name == "gpu" and not torch.cuda.is_available():
        raise UserError("device is gpu, but torch sees no GPU here; set device to cpu, or run where there is one")
    # Set explicitly: torch's defaults differ for convolutions and matmuls. Training in float32 may round to TF32, as
    # bf16 rounds further; features that distances are computed from never do.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "gpu"
    return torch.device("cuda" if name == "gpu" else "cpu")


def precision(name: str, mixed_precision: str) -> str:
    """Choose what networks compute in: `bf16` where that was asked for and the device has instructions for it, or `no`.

    Without them torch imitates bf16, on a CPU with AVX2 alone at a tenth of the speed of float32.
    """
    if name == "gpu":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        instructions = torch.cpu.get_capabilities()
        has_bf16 = any(instructions.get(instruction, False) for instruction in _BF16_INSTRUCTIONS)
    return mixed_precision if has_bf16 else "no"


def accelerator(
    name: str, processes: int, mixed_precision: str = "no", log_folder: Path | None = None
) -> "Accelerator":
    """Join the processes that were launched together.

    Raises:
        UserError: another number of processes runs than was asked for, or there is no GPU for them.
    """
    device(name)
    # torch renames the flag and asks to keep it until its other half is there
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
    # it takes seconds, and most scripts do without
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs

    made = Accelerator(
        cpu=name == "cpu",
        mixed_precision=mixed_precision,
        log_with="tensorboard" if log_folder else None,
        project_dir=str(log_folder) if log_folder else None,
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )
    if made.num_processes != processes:
        launcher = "python" if processes == 1 else f"accelerate launch --multi_gpu --num_processes {processes}"
        raise UserError(f"processes is {processes}, but {made.num_processes} run; launch the script with `{launcher}`")
    return made


def use_threads(threads: int) -> None:
    """Share `threads` CPU threads among the processes of this machine; 0 leaves the number to torch."""
    if threads:
        # the launchers of torch and accelerate say how many there are
        torch.set_num_threads(max(1, threads // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
