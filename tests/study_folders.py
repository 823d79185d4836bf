"""Folders as the stages of a study leave them, small and made in a moment."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chestgan.base import files
from chestgan.base.real_fraction import part
from chestgan.gan.step import LOSSES
from chestgan.images import image_set, sheets
from chestgan.metrics import scores
from chestgan.metrics.copies import COLUMNS

N_TRAIN, N_TEST = 8, 12


def make_split(folder: Path, classes: Sequence[str], size: int = 16, n_test: int = N_TEST) -> Path:
    """Make a split with two images a patient; a class is brighter the later it comes in the alphabet."""
    rows = [
        {"file": f"{label}/{split}-{i}.png", "label": label, "patient": f"{label}-{split}-{i // 2}", "split": split}
        for split, n in (("train", N_TRAIN), ("test", n_test))
        for label in classes
        for i in range(n)
    ]
    manifest = pd.DataFrame(rows).assign(source="one hospital")
    _write(folder, manifest, classes, size)
    rejected = pd.DataFrame(
        [{"file": "covid/broken.png", "label": "covid", "reason": "unreadable", "detail": "cut off"}]
    )
    rejected.to_csv(folder / "rejected.csv", index=False)
    told = {"image_size": size, "square": "crop", "duplicates": "group", "test_fraction": 0.4, "seed": 7}
    told |= {"validation_fraction": 0.25}
    protocol = {"grey": "luminance", "resize": "Lanczos", "near_duplicates": "pHash", "split": "by patient"}
    of_split = {"script": "split_data", "settings": told, "protocol": protocol, "versions": {"numpy": "2.4.6"}}
    of_split |= {"warnings": ["few patients, so that scores will swing: covid 4 in train"]}
    files.write_json(
        folder / "settings.json", of_split | {"sha256": {"images.npy": files.sha256(folder / "images.npy")}}
    )
    return folder


def make_synthetic_set(folder: Path, generator: str, seed: int, classes: Sequence[str], size: int = 16) -> Path:
    """Make a pool of a generator."""
    rows = [{"label": label, "seed": i} for label in classes for i in range(N_TRAIN)]
    _write(folder, pd.DataFrame(rows), classes, size)
    told = {"script": "generate_images", "generator": generator, "seed": seed, "generator_sha256": "6f" * 32}
    files.write_json(folder / "settings.json", told | {"counts": dict.fromkeys(classes, N_TRAIN)})
    return folder


def make_fid(folder: Path, generator: str, seed: int, classes: Sequence[str], shift: float = 0.0) -> Path:
    """Make distances and diversity by two extractors; by the first, beside test patients and over all images, fd is 30,
    kd 0.05, coverage 0.4 and MS-SSIM 0.5."""
    far, varied = [], []
    for extractor, reference in itertools.product(("fd_efficientnet_lite0", "fid"), ("train", "test")):
        factor = (1.0 if extractor != "fid" else 3.0) * (1.0 if reference == "test" else 0.9)
        for place, label in enumerate(["all", *classes]):
            row = {"generator": generator, "seed": seed, "extractor": extractor}
            row |= {"class": label, "n": 24 if label == "all" else 8}
            if reference == "test":
                varied.append(row | {"coverage": (0.4 - shift) / factor, "real_coverage": 0.95, "dcr_ratio": 1.1})
                varied[-1] |= {"real_dcr_ratio": 1.0, "precision": 0.3, "real_precision": 0.9, "recall": 0.2}
                varied[-1] |= {"real_recall": 0.85, "density": 0.25, "real_density": 1.05}
                n_images = N_TRAIN * (len(classes) if label == "all" else 1)
                varied[-1] |= {"n_images": n_images, "n_held_out": 120, "n_near": 0, "n_copies": 0}
                varied[-1] |= {"copies_share": 0.0, "copies_low": 0.0, "copies_high": 0.14}
                varied[-1] |= {"ms_ssim": 0.5 + shift + 0.02 * place, "real_ms_ssim": 0.4 + 0.02 * place}
            row |= {"reference": reference}
            row |= {"fd": (30 + 100 * shift) * factor + place, "kd": (0.05 + shift) * factor, "kd_se": 0.004}
            far.append(row | {"real_fd": 10.0 * factor + place, "real_kd": 0.002, "real_kd_se": 0.003})
    folder.mkdir(parents=True)
    pd.DataFrame(far).to_csv(folder / "distances.csv", index=False)
    pd.DataFrame(varied).to_csv(folder / "diversity.csv", index=False)
    closest = [
        {"generator": generator, "seed": seed, "extractor": "fd_efficientnet_lite0", "image": place, "file": ""}
        | {"image_seed": place, "class": classes[0], "train_file": f"{classes[0]}/train-{place}.png"}
        | {"train_class": classes[0], "distance": 10.25 + place + seed, "threshold": 9.5, "correlation": 0.0}
        | {"mirrored": False, "copy": False}
        for place in range(4)
    ]
    pd.DataFrame(closest, columns=COLUMNS).to_csv(folder / "copies.csv", index=False)
    extractors = {"fd_efficientnet_lite0": {"protocol": "features of 1280 dimensions"}}
    told = {"script": "compute_fid", "protocol": {"distances": "means over draws"}, "extractors": extractors}
    files.write_json(folder / "settings.json", told)
    return folder


def make_training(
    folder: Path, generator: str, seed: int, distances: Sequence[float], classes: Sequence[str] = ("a",), size: int = 16
) -> Path:
    """Make the history of a training with a snapshot and a sheet each thousand images, and rows between them."""
    rows = []
    for place, distance in enumerate(distances, start=1):
        rows += [{"kimg": place - 0.5, "validation_kd": np.nan}, {"kimg": float(place), "validation_kd": distance}]
    folder.mkdir(parents=True)
    losses = dict.fromkeys(LOSSES, 0.7)
    history = pd.DataFrame(rows).assign(**losses)
    history.to_csv(folder / "history.csv", index=False)
    history[["kimg"]].assign(images_per_second=50.0).to_csv(folder / "speed.csv", index=False)
    for place in range(1, len(distances) + 1):
        samples = np.full((len(classes), 10, size, size), 20 * place, dtype=np.uint8)
        sheets.save_sheet(samples, folder / "samples" / f"kimg-{place:010.3f}.png")
    told = {"preset": "covidgan", "architecture": "covidgan", "conditioning": "ac", "kimg": 3.0, "batch_size": 32}
    told = {"script": "train_acgan", "name": generator, "seed": seed, "settings": told, "classes": list(classes)}
    files.write_json(folder / "settings.json", told)
    return folder


def make_classifier(
    folder: Path,
    real: Path,
    arm: str,
    generator: str | None,
    seed: int,
    strength: float,
    real_fraction: float = 1.0,
) -> Path:
    """Make predictions for the test images, the better the greater `strength`, and their scores."""
    test = image_set.read(real).where(split="test")
    classes, numbers = test.classes, test.class_numbers(test.classes)
    random = np.random.default_rng([seed, *arm.encode()])
    logits = random.normal(size=(len(test), len(classes)))
    logits[np.arange(len(test)), numbers] += strength
    return write_classifier(folder, real, arm, generator, seed, _softmax(logits), real_fraction)


def make_classified(folder: Path, generator: str, seed: int, confusion: dict[str, dict[str, int]]) -> Path:
    """Make what classify_images tells of a synthetic set: for each class as what its images are read."""
    rows = []
    for label, counts in confusion.items():
        n = sum(counts.values())
        row = {"class": label, "n": n, "recall": counts[label] / n, "mean_probability": counts[label] / n}
        rows.append(row | {f"read_as_{other}": count for other, count in counts.items()})
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    files.write_json(folder / "settings.json", {"generator": generator, "seed": seed})
    return folder


def write_classifier(
    folder: Path,
    real: Path,
    arm: str,
    generator: str | None,
    seed: int,
    probabilities: np.ndarray,
    real_fraction: float = 1.0,
) -> Path:
    """Write what evaluate_classifier writes of (N, K) probabilities of the test images; thresholds are 1 / K."""
    test = image_set.read(real).where(split="test")
    classes, numbers = test.classes, test.class_numbers(test.classes)
    thresholds = np.full(len(classes), 1 / len(classes))
    predicted, decided = scores.decide(probabilities, thresholds, 0)
    folder.mkdir(parents=True)
    test.manifest[["file", "patient", "source", "label"]].assign(
        predicted=[classes[number] for number in predicted],
        **{f"score_{label}": probabilities[:, number] for number, label in enumerate(classes)},
    ).to_csv(folder / "predictions.csv", index=False)
    rows = []
    for number, label in enumerate(classes):
        truth = numbers == number
        row = {"label": label, "positive": number == 0, "n_images": truth.sum(), "n_patients": truth.sum() // 2}
        row |= {"prevalence": truth.mean(), "threshold": thresholds[number]}
        row |= scores.classifier_scores(numbers, predicted)
        rows.append(row | scores.class_scores(truth, decided[:, number], probabilities[:, number]))
    pd.DataFrame(rows).to_csv(folder / "scores.csv", index=False)
    name = arm if generator is None else arm.removesuffix(f"-{generator}")
    train_on, augment = name.removesuffix("_augmented"), name.endswith("_augmented")
    n_train = round(real_fraction * N_TRAIN * len(classes))
    told = {
        "arm": name,
        "train_on": train_on,
        "augment": augment,
        "generator": generator,
        "seed": seed,
        "classes": classes,
    }
    told |= {"generator_seed": seed if generator else None, "positive_class": classes[0]}
    told |= {
        "real_fraction": real_fraction,
        "n_real_patients": n_train // 2,
        "n_train_real": 0 if train_on == "synthetic" else n_train,
        "n_train_synthetic": n_train if generator else 0,
    }
    # stopped by its patience
    told |= {"backbone": "convnet", "shown_kimg": 9.0, "selected_kimg": 4.0, "protocol": "AdamW"}
    told |= {"limit_kimg": 15.0}
    told |= {"settings": {"kimg": 15.0, "passes": 40.0, "batch_size": 32, "learning_rate": 0.0005, "patience": 10}}
    told["settings"]["validation_kimg"] = 0.5
    files.write_json(folder / "settings.json", told)
    history = pd.DataFrame({"kimg": [3.0, 4.0, 9.0], "train_loss": 0.5, "validation_loss": [0.7, 0.4, 0.6]})
    history.to_csv(folder / "history.csv", index=False)
    return folder


@dataclass(frozen=True)
class Folders:
    """The folders of a study, as summarise_study takes them."""

    real: Path
    generated: list[Path]
    history: list[Path]
    fid: list[Path]
    classifier: list[Path]

    def flags(self) -> list[str]:
        """Give the flags that name them."""
        named = [["--real", self.real], ["--generated", *self.generated], ["--history", *self.history]]
        named += [["--fid", *self.fid], ["--classifier", *self.classifier]]
        return [str(word) for words in named for word in words]


def make_study(
    folder: Path,
    generators: Sequence[str] = ("covidgan", "dcgan"),
    seeds: Sequence[int] = (0, 1),
    classes: Sequence[str] = ("covid", "normal", "variant"),
    arms: Sequence[str] = ("real", "real_augmented", "real_synthetic", "synthetic"),
    fractions: Sequence[float] = (),
    **split: int,
) -> Folders:
    """Make all folders of a study; with fractions of the real patients, too, classifiers are worse and of all arms."""
    real = make_split(folder / "split", classes, **split)
    made = Folders(real, [], [], [], [])
    strengths = {"real": 1.2, "real_augmented": 1.25, "real_synthetic": 1.3, "synthetic": 0.4}
    for seed in seeds:
        for place, generator in enumerate(generators):
            branch = folder / generator / f"seed-{seed}"
            size = split.get("size", 16)
            made.generated.append(make_synthetic_set(branch / "generated", generator, seed, classes, size))
            made.fid.append(make_fid(branch / "fid", generator, seed, classes, 0.01 * place + 0.004 * seed))
            distances = [1.5, 0.2 + 0.1 * seed, 0.3 + 0.1 * place]
            made.history.append(make_training(branch / "train", generator, seed, distances, classes, size))
        for arm in arms:
            for generator in generators if "synthetic" in arm else [None]:
                name = arm if generator is None else f"{arm}-{generator}"
                at = folder / "classifier" / name / f"seed-{seed}"
                made.classifier.append(make_classifier(at, real, name, generator, seed, strengths[arm]))
                for fraction in fractions:
                    at = folder / part(fraction) / "classifier" / name / f"seed-{seed}"
                    strength = fraction**0.3 * strengths[arm]
                    made.classifier.append(make_classifier(at, real, name, generator, seed, strength, fraction))
    return made


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def _write(folder: Path, manifest: pd.DataFrame, classes: Sequence[str], size: int) -> Path:
    """Write an image set of noise around the brightness of each class."""
    folder.mkdir(parents=True)
    images = image_set.create_images(folder, len(manifest), size)
    random = np.random.default_rng(len(manifest))
    brightness = np.array([80 + 50 * list(classes).index(label) for label in manifest["label"]])
    images[:] = random.normal(brightness[:, None, None], 20, images.shape).clip(0, 255).astype(np.uint8)
    images.flush()
    image_set.write_manifest(folder, manifest)
    return folder
