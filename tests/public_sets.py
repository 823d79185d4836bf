"""Public chest sets in miniature, 28 films each, with the names, folders and tables as they are distributed."""

from pathlib import Path

import numpy as np
import pandas as pd

from dicoms import save_film
from pictures import picture, save

N_FILMS = 28


def radiography(folder: Path) -> None:
    """Make four classes with a mask of the same name for each image, and a table a class."""
    named = {"COVID": "COVID", "Lung_Opacity": "Lung_Opacity", "Normal": "NORMAL", "Viral Pneumonia": "Viral Pneumonia"}
    for number, (label, in_table) in enumerate(named.items()):
        rows = []
        for place in range(1, N_FILMS // 4 + 1):
            save(folder / label / "images" / f"{label}-{place}.png", picture(100 * number + place))
            save(folder / label / "masks" / f"{label}-{place}.png", mask(100 * number + place))
            url = ("https://sirm.org", "https://github.com/armiro/COVID-CXNet")[place % 2]
            rows.append({"FILE NAME": f"{in_table}-{place}", "FORMAT": "PNG", "SIZE": "256*256", "URL": url})
        pd.DataFrame(rows).to_excel(folder / f"{label}.metadata.xlsx", index=False)
    (folder / "README.md.txt").write_text("COVID-19 CHEST X-RAY DATABASE\n")


def covidx(folder: Path) -> None:
    """Make two tables parted by blanks, without a header, and images in a folder for each."""
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for film in range(N_FILMS):
        part = "test" if film % 7 == 0 else "train"
        label, source = ("positive", "actualmed") if film % 2 else ("negative", "rsna")
        save(folder / part / f"film-{film}.png", picture(film))
        lines[part].append(f"ANON{film // 2 + 100 * (film % 2)} film-{film}.png {label} {source}\n")
    for part, of_part in lines.items():
        (folder / f"{part}_COVIDx9A.txt").write_text("".join(of_part))


def nih(folder: Path) -> None:
    """Make findings joined by bars, two films a patient, and images in folders that the table doesn't name."""
    findings = ("No Finding", "Effusion", "Effusion|Infiltration", "No Finding", "Mass", "Atelectasis|Effusion|Mass")
    rows = []
    for film in range(N_FILMS):
        name = f"{film // 2 + 1:08d}_{film % 2:03d}.png"
        save(folder / f"images_{film % 3 + 1:03d}" / "images" / name, picture(film))
        finding = findings[film // 2 % len(findings)]
        rows.append({"Image Index": name, "Finding Labels": finding, "Follow-up #": film % 2})
        rows[-1] |= {"Patient ID": film // 2 + 1, "Patient Age": 58, "Patient Gender": "M"}
        rows[-1] |= {"View Position": ("PA", "AP")[film % 2]}
    pd.DataFrame(rows).to_csv(folder / "Data_Entry_2017.csv", index=False)


def chexpert(folder: Path) -> None:
    """Make two tables of findings as 1.0, 0.0, -1.0 and blank, with lateral films and patients in the paths."""
    inner = folder / "CheXpert-v1.0-small"
    for part, films in {"train": range(20), "valid": range(20, N_FILMS)}.items():
        rows = []
        for film in films:
            view = "Lateral" if film % 10 == 9 else "Frontal"
            name = f"{part}/patient{film // 2 + 1:05d}/study1/view{film % 2 + 1}_{view.lower()}.jpg"
            save(inner / name, picture(film))
            sick = film // 2 % 2 == 1
            rows.append({"Path": f"CheXpert-v1.0-small/{name}", "Sex": "Female", "Age": 68, "Frontal/Lateral": view})
            rows[-1] |= {"AP/PA": "AP", "No Finding": "" if sick else 1.0, "Pneumonia": -1.0}
            rows[-1] |= {"Pleural Effusion": 1.0 if sick else ""}
        pd.DataFrame(rows).to_csv(inner / f"{part}.csv", index=False)


def rsna(folder: Path) -> None:
    """Make a row a box, ids without an ending, and DICOM."""
    rows = []
    for film in range(N_FILMS):
        name = f"{film:08x}-bd36-4b98"
        save_dicom(folder / "stage_2_train_images" / f"{name}.dcm", picture(film), name)
        boxes = [(264.0, 152.0), (562.0, 152.0)] if film % 2 else [("", "")]
        rows += [{"patientId": name, "x": x, "y": y, "width": x, "height": y, "Target": film % 2} for x, y in boxes]
    pd.DataFrame(rows).to_csv(folder / "stage_2_train_labels.csv", index=False)


def bimcv(folder: Path) -> None:
    """Make a folder a session with 16-bit frontal and lateral films, and labels as Python lists by session."""
    for part, labels in {"covid19_posi": "['COVID 19', 'pneumonia']", "covid19_neg": "['normal']"}.items():
        rows = []
        for film in range(N_FILMS // 2):
            patient = f"sub-S{(30000 if part == 'covid19_posi' else 40000) + film // 2}"
            session = f"ses-E{film + (5000 if part == 'covid19_posi' else 6000)}"
            stem = f"{patient}_{session}_run-1_bp-chest_vp"
            pixels = picture(film + len(part) * 100).astype(np.uint16) * 16
            save(folder / part / patient / session / "mod-rx" / f"{stem}-ap_dx.png", pixels)
            save(folder / part / patient / session / "mod-rx" / f"{stem}-ll_dx.png", pixels)
            rows.append({"PatientID": patient, "ReportID": session, "Report": "torax", "Labels": labels})
        rows.append({"PatientID": "sub-S99999", "ReportID": f"ses-E1{len(part)}", "Report": "", "Labels": labels})
        table = folder / part / "derivatives" / "labels" / f"{'l' if 'posi' in part else 'L'}abels_{part}.tsv"
        table.parent.mkdir(parents=True)
        pd.DataFrame(rows).to_csv(table, index=False, sep="\t")


def cohen(folder: Path) -> None:
    """Make findings as paths, lateral films and volumes among the rows, and locations."""
    rows = []
    for film in range(N_FILMS):
        kind = {12: "L", 13: "volume"}.get(film % 14, "PA")
        name = f"film-{film}.nii.gz" if kind == "volume" else f"film-{film}.jpg"
        finding = "Pneumonia/Viral/COVID-19" if film % 2 else "No Finding"
        if kind != "volume":
            save(folder / "images" / name, picture(film))
        rows.append({"patientid": film // 4 * 2 + film % 2, "sex": "F", "age": 60, "finding": finding})
        rows[-1] |= {"view": "Axial" if kind == "volume" else kind, "modality": "CT" if kind == "volume" else "X-ray"}
        rows[-1] |= {"location": "Cho Ray Hospital, Vietnam", "filename": name}
        rows[-1] |= {"folder": "volumes" if kind == "volume" else "images"}
    (folder / "volumes").mkdir()
    (folder / "volumes" / "README.md").write_text("fetch them\n")
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)


def vindr(folder: Path) -> None:
    """Make a row a box and a reader, three readers, one of whom may disagree, and ids without an ending."""
    rows = []
    for film in range(N_FILMS):
        name = f"{film:032x}"
        save_dicom(folder / "train" / f"{name}.dicom", picture(film), "")
        for reader in range(3):
            sick = film % 2 == 1 and not (film == 1 and reader == 0)
            rows.append({"image_id": name, "class_name": "Cardiomegaly" if sick else "No finding"})
            rows[-1] |= {"class_id": 3 if sick else 14, "rad_id": f"R{reader}", "x_min": 691.0 if sick else ""}
            if sick:
                rows.append(rows[-1] | {"class_name": "Aortic enlargement", "class_id": 0})
    pd.DataFrame(rows).to_csv(folder / "train.csv", index=False)


def siim(folder: Path) -> None:
    """Make run-length masks or -1, several rows an image, DICOM in a folder a study and a series."""
    rows = []
    for film in range(N_FILMS):
        name = f"1.2.276.0.7230010.3.1.4.8323329.{film}"
        save_dicom(folder / "dicom-images-train" / f"1.{film}" / f"2.{film}" / f"{name}.dcm", picture(film), f"p{film}")
        masks = ["175349 7 1013 12", "407576 2 1021 7"] if film % 2 else ["-1"]
        rows += [{"ImageId": name, " EncodedPixels": encoded} for encoded in masks]
    pd.DataFrame(rows).to_csv(folder / "train-rle.csv", index=False)


def sars_ct(folder: Path) -> None:
    """Make two class folders without patients."""
    for film in range(N_FILMS // 2):
        save(folder / "COVID" / f"Covid ({film + 1}).png", picture(film))
        save(folder / "non-COVID" / f"Non-Covid ({film + 1}).png", picture(100 + film))


def ucsd_ct(folder: Path) -> None:
    """Make two class folders, and a table of patients for the files of one of them."""
    rows = []
    for film in range(N_FILMS // 2):
        name = f"2020.02.{film:02d}.20021568-p9-{film}.png"
        save(folder / "CT_COVID" / name, picture(film))
        save(folder / "CT_NonCOVID" / f"{film}.jpg", picture(100 + film))
        rows.append({"File name": name, "Patient ID": f"Patient {film // 2}", "Age": 44, "Gender": "M"})
    rows.append({"File name": "withdrawn.png", "Patient ID": "Patient 99", "Age": 1, "Gender": "F"})
    with pd.ExcelWriter(folder / "COVID-CT-MetaInfo.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="COVID", index=False)
        pd.DataFrame({"DOI": ["10.1101/1"]}).to_excel(book, sheet_name="positive_captions", index=False)


def midrc(folder: Path) -> None:
    """Make a row a study, DICOM in a folder for each, and a CT study among them."""
    rows = []
    for film in range(N_FILMS):
        case, study = f"419639-{film // 2:06d}", f"1.2.826.0.1.3680043.10.474.{film}"
        save_dicom(folder / case / study / f"9.{film}" / "1.dcm", picture(film), case)
        rows.append({"case_ids": case, "study_uid": study, "study_modality": "CT" if film == 27 else "DX"})
        rows[-1] |= {"covid19_positive": "Yes" if film // 2 % 2 else "No", "sex": "Male", "age_at_index": 50}
    pd.DataFrame(rows).to_csv(folder / "imaging_studies.tsv", index=False, sep="\t")


def mask(seed: int) -> np.ndarray:
    """Draw a mask of two lungs: (80, 80) uint8, black and white alone."""
    rows, columns = np.mgrid[:80, :80]
    centre = 40 + seed % 5
    left, right = (((columns - at) / 12) ** 2 + ((rows - centre) / 28) ** 2 < 1 for at in (24, 56))
    return np.where(left | right, 255, 0).astype(np.uint8)


def save_dicom(path: Path, pixels: np.ndarray, patient: str) -> None:
    """Save a film as DICOM, of which only the patient is known."""
    save_film(path, pixels, bits=8, PatientID=patient, StudyInstanceUID=None, Manufacturer=None, ViewPosition=None)
