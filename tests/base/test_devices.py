"""The devices that compute."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from chestgan.base import devices
from chestgan.base.errors import UserError
from chestgan.metrics import features


@pytest.fixture
def some_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let torch see a GPU, and let nothing of it stay behind."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    yield
    devices.device("cpu")


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "no"),
        # its bf16 is imitated, too
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, "no"),
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, "bf16"),
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": True}, "bf16"),
        ({"neon": True, "bf16": True}, "bf16"),
        ({"neon": True, "bf16": False}, "no"),
    ],
)
def test_a_cpu_computes_in_bf16_where_it_has_instructions_for_it(
    instructions: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert devices.precision("cpu", "bf16") == expected
    assert devices.precision("cpu", "no") == "no"


@pytest.mark.parametrize("has_bf16", [False, True])
def test_a_gpu_that_imitates_bf16_computes_in_float32(has_bf16: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation or has_bf16)
    assert devices.precision("gpu", "bf16") == ("bf16" if has_bf16 else "no")


def tf32() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU here; set device to cpu"):
        devices.device("gpu")


@pytest.mark.usefixtures("some_gpu")
def test_training_on_a_gpu_may_round_to_tf32_and_on_a_cpu_does_not() -> None:
    assert devices.device("gpu").type == "cuda"
    assert tf32() == (True, True)
    assert devices.device("cpu").type == "cpu"
    assert tf32() == (False, False)


@pytest.mark.usefixtures("some_gpu")
def test_features_are_never_rounded_to_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = features.load_extractor("fd_efficientnet_lite0")
    seen = []
    original = extractor.network.extract_features
    monkeypatch.setattr(
        extractor.network,
        "extract_features",
        lambda pixels: seen.append(torch.backends.cudnn.allow_tf32) or original(pixels),
    )
    devices.device("gpu")
    features.extract(extractor, np.zeros((1, 128, 128), dtype=np.uint8))
    assert seen == [False]
