"""The heads of every kind of conditioning."""

import pytest
import torch

from chestgan.gan.conditioning import Head


@pytest.mark.parametrize(
    ("conditioning", "outputs"), [("per_class", None), ("ac", 3), ("adc", 6), ("d2dce", 3), ("projection", 3)]
)
def test_each_conditioning_has_its_outputs(conditioning: str, outputs: int | None) -> None:
    logits = Head(conditioning, 5, 3)(torch.randn(4, 5))
    assert logits.source_logits.shape == (4,)
    assert (None if logits.class_logits is None else logits.class_logits.shape) == (outputs and (4, outputs))
    assert (logits.features is None) == (conditioning != "d2dce")


def test_d2dce_gives_cosines() -> None:
    heads = Head("d2dce", 5, 3)
    features = torch.randn(4, 5)
    logits = heads(features)
    expected = torch.cosine_similarity(features.unsqueeze(1), heads.label.weight.unsqueeze(0), dim=2)
    torch.testing.assert_close(logits.class_logits, expected)
    torch.testing.assert_close(logits.features.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("conditioning", ["ac", "d2dce"])
def test_mixed_precision_ends_before_the_heads(conditioning: str) -> None:
    heads = Head(conditioning, 5, 3)
    features = torch.randn(4, 5).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = heads(features)
    full = heads(features.float())
    assert mixed.source_logits.dtype == torch.float32
    assert torch.equal(mixed.source_logits, full.source_logits)
    assert torch.equal(mixed.class_logits, full.class_logits)
