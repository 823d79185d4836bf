"""What a discriminator says of images: real or fake, and which class, for every kind of conditioning."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# outputs of the class head for each class; a discriminator a class needs none
_OUTPUTS = {"separate": 0, "ac": 1, "adc": 2, "d2dce": 1, "projection": 1}


class Logits(NamedTuple):
    """What a discriminator says of N images.

    Attributes:
        source_logits: (N,) float32, real or fake.
        class_logits: (N, outputs) float32, or None where classes are kept apart: a logit a class for `ac`; for `adc`
            those of the real classes and then those of the fake ones; for `d2dce` the cosines between the features and
            each class's proxy; for `projection` what each class would add to the source logit.
        features: (N, d) float32 of length 1 for `d2dce`, otherwise None.
    """

    source_logits: Tensor
    class_logits: Tensor | None
    features: Tensor | None = None


class Heads(nn.Module):
    """Turn features into logits: a linear map for real or fake, another for the classes."""

    def __init__(self, conditioning: str, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.on_sphere = conditioning == "d2dce"
        n_outputs = _OUTPUTS[conditioning] * n_classes
        self.source = nn.Linear(n_features, 1)
        # neither a proxy nor an embedding that is projected on has an offset
        biased = conditioning in ("ac", "adc")
        self.label = nn.Linear(n_features, n_outputs, bias=biased) if n_outputs else None

    def forward(self, features: Tensor) -> Logits:
        """Judge (N, n_features) features, in full precision: a margin is soon smaller than a step of bf16."""
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            source_logits = self.source(features).squeeze(1)
            if self.label is None:
                return Logits(source_logits, None)
            if not self.on_sphere:
                return Logits(source_logits, self.label(features))
            features = functional.normalize(features)
            return Logits(source_logits, features @ functional.normalize(self.label.weight).T, features)
