"""The training engine against a plain loop of the same networks, the machine's limit, and itself in two processes."""

import dataclasses
import os
import socket
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import plain
from alternation import Row, alternate, ratios, workers
from chestgan.base import devices
from chestgan.gan import presets
from chestgan.gan.batches import make_batch, step_seed
from chestgan.gan.ema import update_ema
from chestgan.gan.kinds import KINDS
from chestgan.gan.presets import GanSettings, TrainingSettings
from sizes import Sizes

N_CLASSES = 2
N_IMAGES = 256
PLAIN = "plain torch loop, fp32"
SHOWN = {"no": "fp32", "bf16": "bf16"}
# those that this machine has instructions for
PRECISIONS = [precision for precision in SHOWN if devices.precision("cpu", precision) == precision]
# the convolution that says what the machine can: (images, channels, side), 3 × 3, as many channels out
LIMIT_SHAPE = (32, 256, 28)
LIMIT_REPEATS = 8


def trained(sizes: Sizes) -> dict[str, tuple[GanSettings, int, int]]:
    """Name the GANs that are measured: their settings, the side of their images, and the steps of a round."""
    half = {"generator_width": sizes.generator_width}
    whole = {"generator_width": 2 * sizes.generator_width, "channels": 3}
    named = {
        "strong": ("strong", 64, 8, {}),
        "covidgan, half width": ("covidgan", 64, 3, half),
        "dcgan, half width": ("dcgan", 64, 3, half),
        "the sources' networks": ("covidgan", 112, 1, whole),
    }
    return {
        name: (dataclasses.replace(presets.PRESETS[preset], **(changes | sizes.gan)), image_size, n_steps)
        for name, (preset, image_size, n_steps, changes) in named.items()
        if name in (sizes.gans or named)
    }


def speed(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure every preset, in float32 and in bf16 if there is any, against the plain loop and the limit."""
    rows = []
    for name, (gan, image_size, n_steps) in trained(sizes).items():
        with workers() as start:
            sides = {PLAIN: start(make_plain, gan, image_size, n_steps, sizes.threads)}
            for precision in PRECISIONS:
                settings = dataclasses.replace(gan, mixed_precision=precision)
                sides[precision] = start(make_ours, settings, image_size, n_steps, sizes.threads)
                sides[f"limit {precision}"] = start(make_limit, precision, sizes.threads)
            for side in sides.values():
                side.wait_until_ready()
            seconds = alternate(sides, sizes.rounds)
        n_images = n_steps * gan.batch_size
        for precision in PRECISIONS:
            limits = [sides[f"limit {precision}"].known["flops"] / taken for taken in seconds[f"limit {precision}"]]
            reached = [sides[precision].known["flops"] / taken for taken in seconds[precision]]
            shares = [ours / limit for ours, limit in zip(reached, limits, strict=True)]
            rates = [n_images / median(seconds[side]) for side in (precision, PLAIN)]
            measured = f"{rates[0]:.1f} and {rates[1]:.1f} images/s; limit {median(limits) / 1e9:.0f} GFLOP/s"
            what = f"training, {name}, {image_size} px, batch {gan.batch_size}, {SHOWN[precision]}"
            rows.append(Row(what, PLAIN, ratios(seconds[PLAIN], seconds[precision]), measured, shares))
    return rows


def processes(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure one process with all threads against two with half of them, on the same global batch."""
    gan, image_size, n_steps = trained(sizes)["strong"]
    with workers() as start:
        one = start(make_ours, gan, image_size, n_steps, sizes.threads).wait_until_ready()
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
        pair = [start(make_ours, gan, image_size, n_steps, sizes.threads, rank, address) for rank in range(2)]
        for worker in pair:
            worker.wait_until_ready()

        def two() -> float:
            for worker in pair:
                worker.begin()
            return max(worker.end() for worker in pair)

        seconds = alternate({"one": one, "two": two}, sizes.rounds)
    rates = [n_steps * gan.batch_size / median(seconds[side]) for side in ("two", "one")]
    shown = SHOWN[devices.precision("cpu", gan.mixed_precision)]
    what = f"training, strong, {image_size} px, batch {gan.batch_size}, {shown}, two gloo processes"
    measured = f"{rates[0]:.1f} and {rates[1]:.1f} images/s"
    return [Row(what, f"one process with {sizes.threads} threads", ratios(seconds["one"], seconds["two"]), measured)]


def memory(sizes: Sizes, folder: Path) -> list[list[str]]:
    """Measure each preset's parameters in millions, GFLOP a step, peak memory in GB and images/s, by image size."""
    table = []
    for preset in sizes.gans or presets.PRESETS:
        settings = dataclasses.replace(presets.PRESETS[preset], **sizes.gan)
        for image_size in sizes.image_sizes:
            with workers() as start:
                worker = start(make_ours, settings, image_size, 1, sizes.threads).wait_until_ready()
                seconds = min(worker() for _ in range(3))
            counts = [f"{count / 1e6:.1f}" for count in worker.known["parameters"]]
            numbers = [worker.known["flops"] / 1e9, settings.batch_size / seconds]
            operations, rate = (f"{number:.0f}" for number in numbers)
            memory = f"{worker.peak_memory / 1e9:.1f}"
            table.append([preset, str(image_size), str(settings.batch_size), *counts, operations, memory, rate])
    return table


def make_plain(gan: GanSettings, image_size: int, n_steps: int, threads: int) -> tuple[Callable[[], None], None]:
    """Make a piece of work of some steps of the plain loop."""
    torch.set_num_threads(threads)
    images, class_rows = _data(image_size)
    made = plain.build(gan, N_CLASSES, image_size)

    def work() -> None:
        for step in range(n_steps):
            batch = make_batch(images, class_rows, gan, 0, step, 0, 1)
            plain.train_step(made, batch, torch.randn_like(batch.latents) * gan.latent_std, gan, step)

    return work, None


def make_ours(
    settings: TrainingSettings,
    image_size: int,
    n_steps: int,
    threads: int,
    rank: int = 0,
    address: dict[str, str] | None = None,
) -> tuple[Callable[[], None], dict[str, Any]]:
    """Make a piece of work of some steps of the engine, as train_acgan takes them.

    Args:
        rank: the number of this process of two.
        address: where the two meet; None for one alone.
    """
    n_ranks = 2 if address else 1
    if address:
        # what accelerate launch gives its processes
        os.environ |= address | {"RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "2"}
        os.environ["ACCELERATE_USE_CPU"] = "true"
    devices.use_threads(threads)
    precision = devices.precision("cpu", settings.mixed_precision)
    accelerator = devices.accelerator("cpu", n_ranks, precision)
    images, class_rows = _data(image_size)
    kind = KINDS[settings.kind]
    made = kind.build(settings, N_CLASSES, image_size, 0, accelerator)
    generator = accelerator.unwrap_model(made.generator)

    def work(n_steps: int = n_steps) -> None:
        for step in range(n_steps):
            batch = kind.make_batch(images, class_rows, settings, 0, step, rank, n_ranks)
            torch.manual_seed(step_seed(0, step, rank + 1))
            kind.train_step(made, batch, settings, step, accelerator)
            if made.ema:
                update_ema(made.ema, generator, step + 1, settings)

    # a diffusion model has no discriminator
    discriminator = made.discriminator if settings.kind == "gan" else nn.Identity()
    known = {"parameters": [_count(network) for network in (made.generator, discriminator)]}
    if not address:
        with FlopCounterMode(display=False) as counter:
            work(1)
        known["flops"] = n_steps * counter.get_total_flops()
    return work, known


def make_limit(precision: str, threads: int) -> tuple[Callable[[], None], dict[str, Any]]:
    """Make a piece of work of a large convolution, repeated; its floating-point operations are known."""
    torch.set_num_threads(threads)
    n_images, channels, side = LIMIT_SHAPE
    kind = {"no": torch.float32, "bf16": torch.bfloat16}[precision]
    features = torch.randn(n_images, channels, side, side).to(kind, memory_format=torch.channels_last)
    convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(kind, memory_format=torch.channels_last)

    @torch.inference_mode()
    def work() -> None:
        for _ in range(LIMIT_REPEATS):
            convolution(features)

    return work, {"flops": LIMIT_REPEATS * 2 * n_images * side**2 * convolution.weight.numel()}


def _data(image_size: int) -> tuple[Tensor, list[np.ndarray]]:
    """Make noise of two classes: (N, image_size, image_size) uint8 and the rows of each class."""
    images = torch.randint(0, 256, (N_IMAGES, image_size, image_size), dtype=torch.uint8)
    return images, [np.arange(label, N_IMAGES, N_CLASSES) for label in range(N_CLASSES)]


def _count(network: nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
