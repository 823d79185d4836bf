"""The objective against closed forms and torch's own losses."""

import math

import pytest
import torch
from torch.nn import functional

from chestgan.gan import losses
from chestgan.gan.conditioning import Logits
from chestgan.gan.losses import Objective

LABELS = torch.arange(12) % 3


@pytest.fixture
def logits() -> tuple[Logits, torch.Tensor, Logits, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    real = Logits(torch.randn(12, generator=random), torch.randn(12, 3, generator=random))
    fake = Logits(torch.randn(12, generator=random), torch.randn(12, 3, generator=random))
    return real, LABELS, fake, LABELS


def ac(class_weight: float = 1.0, source_loss: str = "logistic") -> Objective:
    return Objective(source_loss, "ac", class_weight)


def separate(source_loss: str = "logistic") -> Objective:
    return Objective(source_loss, "per_class", 0.0)


def test_source_loss_is_binary_cross_entropy(logits) -> None:
    source_loss, _ = losses.discriminator_loss(*logits, ac())
    real, _, fake, _ = logits
    expected = functional.binary_cross_entropy_with_logits(real.source_logits, torch.ones(12))
    expected += functional.binary_cross_entropy_with_logits(fake.source_logits, torch.zeros(12))
    torch.testing.assert_close(source_loss, expected)


def test_class_loss_counts_real_and_fake_alike(logits) -> None:
    real, real_labels, fake, fake_labels = logits
    _, class_loss = losses.discriminator_loss(*logits, ac(class_weight=0.5))
    expected = functional.nll_loss(real.class_logits.log_softmax(1), real_labels)
    expected += functional.nll_loss(fake.class_logits.log_softmax(1), fake_labels)
    torch.testing.assert_close(class_loss, 0.5 * expected)


def test_undecided_logits_give_the_entropy_of_a_coin_and_of_a_die() -> None:
    undecided = Logits(torch.zeros(6), torch.zeros(6, 6))
    labels = torch.arange(6)
    source_loss, class_loss = losses.discriminator_loss(undecided, labels, undecided, labels, ac())
    assert source_loss.item() == pytest.approx(2 * math.log(2))
    assert class_loss.item() == pytest.approx(2 * math.log(6))
    source_loss, class_loss = losses.generator_loss(undecided, labels, ac())
    assert source_loss.item() == pytest.approx(math.log(2))
    assert class_loss.item() == pytest.approx(math.log(6))


@pytest.mark.parametrize(("source_loss", "good"), [("logistic", 2 * math.log1p(math.exp(-3))), ("hinge", 0.0)])
def test_generator_gains_where_the_discriminator_loses(source_loss: str, good: float) -> None:
    believed, seen_through = Logits(torch.full((4,), 3.0), None), Logits(torch.full((4,), -3.0), None)
    labels, objective = torch.zeros(4, dtype=torch.int64), separate(source_loss)
    gained, lost = (losses.generator_loss(fake, labels, objective)[0] for fake in (believed, seen_through))
    assert gained < lost
    real = Logits(torch.full((4,), 3.0), None)
    assert losses.discriminator_loss(real, labels, seen_through, labels, objective)[0].item() == pytest.approx(good)
    assert losses.discriminator_loss(real, labels, believed, labels, objective)[0].item() > good + 1


@pytest.mark.parametrize("source_loss", ["logistic", "hinge"])
def test_generator_gradient_does_not_vanish_for_fakes_that_are_seen_through(source_loss: str) -> None:
    source_logits = torch.full((1,), -20.0, requires_grad=True)
    label = torch.zeros(1, dtype=torch.int64)
    losses.generator_loss(Logits(source_logits, None), label, separate(source_loss))[0].backward()
    assert source_logits.grad.item() == pytest.approx(-1.0, abs=1e-6)


def test_hinge_leaves_alone_what_is_beyond_the_margin() -> None:
    real = Logits(torch.tensor([1.5, 0.0, -2.0], requires_grad=True), None)
    fake = Logits(torch.tensor([-1.5, 0.0, 2.0], requires_grad=True), None)
    labels = torch.zeros(3, dtype=torch.int64)
    source_loss, _ = losses.discriminator_loss(real, labels, fake, labels, separate("hinge"))
    assert source_loss.item() == pytest.approx((0 + 1 + 3) / 3 + (0 + 1 + 3) / 3)
    source_loss.backward()
    torch.testing.assert_close(real.source_logits.grad, torch.tensor([0, -1, -1]) / 3)
    torch.testing.assert_close(fake.source_logits.grad, torch.tensor([0, 1, 1]) / 3)


@pytest.mark.parametrize("conditioning", ["per_class", "projection"])
def test_some_conditioning_has_no_class_loss(conditioning: str) -> None:
    judged = Logits(torch.zeros(12), None if conditioning == "per_class" else torch.ones(12, 3))
    objective = Objective("hinge", conditioning, 1.0)
    assert losses.generator_loss(judged, LABELS, objective)[1].item() == 0.0
    assert losses.discriminator_loss(judged, LABELS, judged, LABELS, objective)[1].item() == 0.0


@pytest.mark.parametrize("source_loss", ["logistic", "hinge"])
def test_projection_adds_the_weighted_logit_of_the_asked_class(source_loss: str, logits) -> None:
    real, _, fake, _ = logits
    objective = Objective(source_loss, "projection", 0.3)
    added = [
        Logits(torch.stack([part.source_logits[i] + 0.3 * part.class_logits[i, i % 3] for i in range(12)]), None)
        for part in (real, fake)
    ]
    together = losses.discriminator_loss(*logits, objective)[0]
    torch.testing.assert_close(
        together, losses.discriminator_loss(added[0], LABELS, added[1], LABELS, separate(source_loss))[0]
    )
    torch.testing.assert_close(
        losses.generator_loss(fake, LABELS, objective)[0],
        losses.generator_loss(added[1], LABELS, separate(source_loss))[0],
    )


def test_adc_tells_real_classes_from_fake_ones_and_its_generator_seeks_their_ratio() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = (Logits(torch.zeros(12), torch.randn(12, 6, generator=random)) for _ in range(2))
    objective = Objective("logistic", "adc", 2.0)
    # six classes: covid, normal, other, and their fakes
    expected = -real.class_logits.softmax(1)[torch.arange(12), LABELS].log().mean()
    expected -= fake.class_logits.softmax(1)[torch.arange(12), LABELS + 3].log().mean()
    torch.testing.assert_close(losses.discriminator_loss(real, LABELS, fake, LABELS, objective)[1], 2 * expected)
    as_real, as_fake = (fake.class_logits.softmax(1)[torch.arange(12), LABELS + shift] for shift in (0, 3))
    torch.testing.assert_close(losses.generator_loss(fake, LABELS, objective)[1], -2 * (as_real / as_fake).log().mean())


def d2dce_by_hand(cosines: torch.Tensor, features: torch.Tensor) -> float:
    """Compute the mean of equation 7 of arXiv 2111.01118 image by image, with its margin .98 and temperature .5."""
    terms = []
    for i, label in enumerate(LABELS.tolist()):
        own = math.exp(min(0.0, cosines[i, label].item() - 0.98) / 0.5)
        others = [j for j in range(12) if LABELS[j] != label]
        away = sum(math.exp(max(0.0, (features[i] @ features[j]).item() - 0.02) / 0.5) for j in others)
        terms.append(-math.log(own / (own + away)))
    return sum(terms) / len(terms)


def test_d2dce_compares_images_with_one_another(logits) -> None:
    random = torch.Generator().manual_seed(1)
    proxies = functional.normalize(torch.randn(3, 5, generator=random))
    parts = []
    for _ in range(2):
        features = functional.normalize(torch.randn(12, 5, generator=random))
        parts.append(Logits(torch.zeros(12), features @ proxies.T, features))
    real, fake = parts
    objective = Objective("hinge", "d2dce", 0.5)
    # the discriminator learns classes from real images alone
    class_loss = losses.discriminator_loss(real, LABELS, fake, LABELS, objective)[1]
    assert class_loss.item() == pytest.approx(0.5 * d2dce_by_hand(real.class_logits, real.features), rel=1e-5)
    class_loss = losses.generator_loss(fake, LABELS, objective)[1]
    assert class_loss.item() == pytest.approx(0.5 * d2dce_by_hand(fake.class_logits, fake.features), rel=1e-5)


def test_d2dce_is_least_where_classes_lie_on_their_proxies() -> None:
    features = torch.eye(3)[LABELS]
    objective = Objective("hinge", "d2dce", 1.0)
    apart = losses.generator_loss(Logits(torch.zeros(12), features, features), LABELS, objective)[1]
    # the cosine 1 is beyond the margin, and those of 0 to the 8 images of other classes are below it
    assert apart.item() == pytest.approx(math.log(1 + 8))
    together = torch.eye(3)[torch.zeros(12, dtype=torch.int64)]
    assert losses.generator_loss(Logits(torch.zeros(12), together, together), LABELS, objective)[1] > apart + 1
