"""The AC-GAN objective against closed forms and torch's own losses."""

import math

import pytest
import torch
from torch.nn import functional

from chestgan import losses
from chestgan.networks import Logits


@pytest.fixture
def logits() -> tuple[Logits, torch.Tensor, Logits, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    real = Logits(torch.randn(12, generator=random), torch.randn(12, 3, generator=random))
    fake = Logits(torch.randn(12, generator=random), torch.randn(12, 3, generator=random))
    return real, torch.arange(12) % 3, fake, torch.arange(12) % 3


def test_source_loss_is_binary_cross_entropy(logits) -> None:
    real, real_labels, fake, fake_labels = logits
    source_loss, _ = losses.discriminator_loss(real, real_labels, fake, fake_labels, class_weight=1.0)
    expected = functional.binary_cross_entropy_with_logits(real.source_logits, torch.ones(12))
    expected += functional.binary_cross_entropy_with_logits(fake.source_logits, torch.zeros(12))
    torch.testing.assert_close(source_loss, expected)


def test_class_loss_counts_real_and_fake_alike(logits) -> None:
    real, real_labels, fake, fake_labels = logits
    _, class_loss = losses.discriminator_loss(real, real_labels, fake, fake_labels, class_weight=0.5)
    expected = functional.nll_loss(real.class_logits.log_softmax(1), real_labels)
    expected += functional.nll_loss(fake.class_logits.log_softmax(1), fake_labels)
    torch.testing.assert_close(class_loss, 0.5 * expected)


def test_undecided_logits_give_the_entropy_of_a_coin_and_of_a_die() -> None:
    undecided = Logits(torch.zeros(6), torch.zeros(6, 6))
    labels = torch.arange(6)
    source_loss, class_loss = losses.discriminator_loss(undecided, labels, undecided, labels, class_weight=1.0)
    assert source_loss.item() == pytest.approx(2 * math.log(2))
    assert class_loss.item() == pytest.approx(2 * math.log(6))
    source_loss, class_loss = losses.generator_loss(undecided, labels, class_weight=1.0)
    assert source_loss.item() == pytest.approx(math.log(2))
    assert class_loss.item() == pytest.approx(math.log(6))


def test_generator_gains_where_the_discriminator_loses() -> None:
    believed, seen_through = Logits(torch.full((4,), 3.0), None), Logits(torch.full((4,), -3.0), None)
    labels = torch.zeros(4, dtype=torch.int64)
    assert losses.generator_loss(believed, labels, 0.0)[0] < losses.generator_loss(seen_through, labels, 0.0)[0]
    real = Logits(torch.full((4,), 3.0), None)
    good = losses.discriminator_loss(real, labels, seen_through, labels, 0.0)[0]
    bad = losses.discriminator_loss(real, labels, believed, labels, 0.0)[0]
    assert good.item() == pytest.approx(2 * math.log1p(math.exp(-3)))
    assert good < bad


def test_generator_gradient_does_not_vanish_for_fakes_that_are_seen_through() -> None:
    source_logits = torch.full((1,), -20.0, requires_grad=True)
    losses.generator_loss(Logits(source_logits, None), torch.zeros(1, dtype=torch.int64), 0.0)[0].backward()
    assert source_logits.grad.item() == pytest.approx(-1.0, abs=1e-6)


def test_networks_without_class_head_have_no_class_loss() -> None:
    judged = Logits(torch.zeros(4), None)
    assert losses.generator_loss(judged, torch.zeros(4, dtype=torch.int64), 1.0)[1].item() == 0.0
