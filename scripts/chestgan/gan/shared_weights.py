"""The weights that a trained network shares with a new one of another image size or of other classes.

Shared are tensors of the same name and shape, after three steps that make names and shapes comparable:

- Networks for each class (`per_class`) share nothing with one another: a class takes those of its own name.
- A dimension that grows with the number of classes ends with a part for each of them. A class of the same name keeps
  its part. One that the trained network doesn't know gets the mean of all: exactly one class is there in every image,
  so what all of them have in common belongs to every image.
- A list of blocks of another length is counted from the end from which more weights fit. In residual networks that is
  the image's, for their widths follow from the distance to it; in a UNet it is that of the smallest feature map.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chestgan.gan.networks.build import build_discriminator
from chestgan.gan.presets import TrainingSettings

_OF_CLASS = re.compile(r"(generators|discriminators)\.(\d+)\.")
# the list that a module is in, its number, and the rest of its weight's name
_IN_LIST = re.compile(r"(.*?)\.(\d+)\.(.*)")
# what generates images with a denoiser has its weights by these names
_SAMPLED = "denoiser."


# of the settings, the number of classes and the image size: `build_generator` or `build_discriminator`
Build = Callable[[TrainingSettings, int, int], nn.Module]


@dataclass(frozen=True)
class Design:
    """What decides the shapes of a generator's and a discriminator's weights."""

    settings: TrainingSettings
    classes: Sequence[str]
    image_size: int

    def shapes(self, build: Build, n_more: int = 0) -> dict[str, torch.Size]:
        """List the shapes of a network's weights, with `n_more` classes than there are."""
        return _shapes(build, self.settings, len(self.classes) + n_more, self.image_size)


@functools.cache
def _shapes(build: Build, settings: TrainingSettings, n_classes: int, image_size: int) -> dict[str, torch.Size]:
    # not on torch's meta device, which takes ten times as long over the first weights of residual networks
    return {name: weight.shape for name, weight in build(settings, n_classes, image_size).state_dict().items()}


def shared(weights: Mapping[str, Tensor], build: Build, old: Design, new: Design) -> dict[str, Tensor]:
    """Choose and rearrange the weights of a trained network that fit a new one, by their names there.

    Args:
        weights: of the design `old`.
    """
    arranged, wanted = _with_new_classes(weights, build, old, new), new.shapes(build)
    lengths, found = _lengths(arranged), {}
    for in_list, names in _by_list(wanted).items():
        n_added = _lengths(names)[in_list] - lengths.get(in_list, 0)
        ways = []
        for n_before in (0, n_added):
            pairs = {name: arranged.get(_moved(name, n_before)) for name in names}
            ways.append({name: of for name, of in pairs.items() if of is not None and of.shape == wanted[name]})
        found |= max(ways, key=_n_numbers)
    return found


def with_classes(weight: Tensor, grown: torch.Size, old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Give a weight the parts of other classes: those of the same name, and for others the mean of all.

    Args:
        weight: of a network for the classes `old`.
        grown: its shape with one class more. A dimension that is longer then ends with a part for each output and, in
            that, for each class.
    """
    for dim, (length, longer) in enumerate(zip(weight.shape, grown, strict=True)):
        n_outputs = longer - length
        if n_outputs:
            rest, of_classes = weight.split([length - n_outputs * len(old), n_outputs * len(old)], dim)
            by_class = dict(zip(old, of_classes.unflatten(dim, (n_outputs, len(old))).unbind(dim + 1), strict=True))
            mean = torch.stack(list(by_class.values())).mean(0)
            parts = torch.stack([by_class.get(label, mean) for label in new], dim + 1)
            weight = torch.cat([rest, parts.flatten(dim, dim + 1)], dim)
    return weight


def begin(parts: Mapping[str, Any], generator: Mapping[str, Tensor], discriminator: Mapping[str, Tensor]) -> None:
    """Give new networks the weights that they take over.

    Args:
        parts: what `stateful_parts` names; the EMA has the generator's weights.
        generator: from `shared`, of what samples images.
        discriminator: from `shared`; none where there is none.
    """
    # a training moves the denoiser, and not what samples with it
    generator = {name.removeprefix(_SAMPLED): weight for name, weight in generator.items()}
    for name, weights in (("generator", generator), ("ema", generator), ("discriminator", discriminator)):
        if name in parts:
            parts[name].load_state_dict(weights, strict=False)


def share_of(weights: Mapping[str, Tensor], build: Build, new: Design) -> float:
    """Compute which share of a new network's weights some of them are, in [0, 1]."""
    return _n_numbers(weights) / sum(shape.numel() for shape in new.shapes(build).values())


def _with_new_classes(weights: Mapping[str, Tensor], build: Build, old: Design, new: Design) -> dict[str, Tensor]:
    """Give all weights of a trained network the classes of a new one; those of classes that it hasn't are left out."""
    shapes, grown = old.shapes(build), old.shapes(build, n_more=1)
    # the class layers of two kinds of conditioning have other meanings
    same = build is not build_discriminator or old.settings.conditioning == new.settings.conditioning
    return {
        name: with_classes(weight, grown[of_old], old.classes, new.classes)
        for of_old, weight in weights.items()
        if (same or shapes[of_old] == grown[of_old]) and (name := _of_new_class(of_old, old.classes, new.classes))
    }


def _of_new_class(name: str, old: Sequence[str], new: Sequence[str]) -> str:
    """Give a weight of networks for each class the new number of its class; empty where there is no such class."""
    found = _OF_CLASS.match(name)
    if not found:
        return name
    label = old[int(found[2])]
    return f"{found[1]}.{new.index(label)}.{name[found.end() :]}" if label in new else ""


def _in_list(name: str) -> tuple[str, int, str]:
    """Split a weight's name into the list that its module is in, its number there, and the rest; "" for no list."""
    of_class = _OF_CLASS.match(name)
    begin = of_class.end() if of_class else 0
    found = _IN_LIST.match(name, begin)
    return (name[:begin] + found[1], int(found[2]), found[3]) if found else ("", 0, name)


def _by_list(names: Iterable[str]) -> dict[str, list[str]]:
    """Group the names of weights by the list that their modules are in."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_in_list(name)[0], []).append(name)
    return groups


def _lengths(names: Iterable[str]) -> dict[str, int]:
    """Compute the length of each list."""
    return {of: 1 + max(_in_list(name)[1] for name in group) for of, group in _by_list(names).items()}


def _moved(name: str, n_before: int) -> str:
    """Name the weight that has this one's place in a list without the first `n_before` modules."""
    in_list, number, rest = _in_list(name)
    return f"{in_list}.{number - n_before}.{rest}" if in_list else name


def _n_numbers(weights: Mapping[str, Tensor]) -> int:
    return sum(weight.numel() for weight in weights.values())
