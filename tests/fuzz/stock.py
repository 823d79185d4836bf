"""Sound files of every kind that a script reads, small, to be changed in copies."""

import os
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import torch
import yaml

import dicoms
import pictures
import study_folders
from project import ROOT

TRAIN = ["--generator-width", "16", "--discriminator-width", "4", "--latent-dim", "4", "--batch-size", "8"]
TRAIN += ["--kimg", "0.064", "--snapshot-kimg", "0.032", "--threads", "1"]
CLASSIFY = ["--kimg", "0.064", "--validation-kimg", "0.032", "--batch-size", "8", "--threads", "1"]


def make(folder: Path) -> Path:
    """Make the stock: images in all formats, tables, and what each stage of a small study leaves."""
    import evaluate_classifier
    import generate_images
    import split_data
    import summarise_study
    import train_acgan

    make_images(folder / "formats")
    make_data(folder / "data")
    run(split_data, "--folder", folder / "data", "--image-size", "32", "--allow-small", "--output", folder / "split")
    run(train_acgan, *TRAIN, "--real", folder / "split", "--output", folder / "train")
    generator = folder / "train" / "generator.safetensors"
    run(generate_images, "--generator", generator, "--counts", "covid=4", "normal=4", "--output", folder / "generated")
    run(evaluate_classifier, *CLASSIFY, "--real", folder / "split", "--arm", "real", "--output", folder / "real")
    made = study_folders.make_study(folder / "study", generators=["covidgan"], seeds=[0], classes=["covid", "normal"])
    run(summarise_study, *made.flags(), "--output", folder / "study" / "study")
    make_settings(folder)
    return folder


def run(script: object, *flags: object) -> None:
    """Run a script that has to succeed."""
    if script.main([str(flag) for flag in flags]) != 0:
        raise RuntimeError(f"{script.__name__} made no stock")


def make_images(folder: Path) -> None:
    """Save a picture in every format that is read."""
    grey = pictures.picture(1)
    colour = np.stack([grey, grey, pictures.picture(2)], axis=2)
    for name, pixels, options in [
        ("grey.png", grey, {}),
        ("colour.png", colour, {}),
        ("deep.png", grey.astype(np.uint16) * 16, {}),
        ("grey.jpg", grey, {}),
        ("progressive.jpg", colour, {"progressive": True}),
        ("grey.bmp", grey, {}),
        ("plain.tif", grey, {}),
        ("deep.tif", grey.astype(np.uint16) * 16, {}),
        ("fax.tif", grey > 128, {"compression": "group4"}),
        *((f"{how}.tif", colour, {"compression": how}) for how in ("tiff_lzw", "jpeg", "tiff_adobe_deflate")),
    ]:
        pictures.save(folder / name, pixels, **options)
    for number, encoding in enumerate([None, *dicoms.ENCODED]):
        bits, kind = (8, np.uint8) if encoding == "JPEG Baseline" else (12, np.uint16)
        values = dicoms.values(number, most=2**bits - 1).astype(kind)
        dicoms.save_film(folder / f"film-{number}.dcm", values, bits, encoding)
    frames = np.stack([dicoms.values(seed) for seed in range(3)])
    dicoms.save_film(folder / "frames.dcm", frames)
    volume = np.random.default_rng(0).integers(-1000, 1000, (32, 32, 4)).astype(np.int16)
    for name in ("volume.nii", "volume.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), folder / name)


def make_data(folder: Path) -> None:
    """Save class folders with a table beside them, as CSV, TSV and XLSX."""
    rows = pictures.rows(n_patients=8)
    pictures.with_table(folder, rows)
    pd.DataFrame(rows).to_csv(folder / "metadata.tsv", sep="\t", index=False)
    pd.DataFrame(rows).to_excel(folder / "metadata.xlsx", index=False)


def make_settings(folder: Path) -> None:
    """Write a configuration, a profile and a recipe."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config["split_data"] |= {"folder": "data", "metadata": ["metadata.csv"], "image_size": 32, "allow_small": True}
    config["arms"]["pretrained"] = {"train_on": "pretrained", "generators": ["covidgan"]}
    config["generators"]["mine"] = {"images": "data/{seed}"}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    for profile in ("local", "slurm"):
        (folder / f"{profile}.yaml").write_text((ROOT / "profiles" / profile / "config.yaml").read_text())
    recipe = {"label_column": "label", "patient_pattern": "(.*)", "image_size": 32, "columns": ["source"]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"metadata": ["metadata.csv"], "columns": []}))
    torch.save({"fingerprint": Evil()}, folder / "evil.pt")


class Evil:
    """What makes a folder beside the one in which it is read, where a pickle's orders are followed."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("../outside",)
