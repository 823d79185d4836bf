"""Frontal chest phantoms: X-ray-like pictures from geometry and noise, for a demonstration without patients.

A picture is the sum of what lies in a ray's way, brightness growing with it. Places are in half widths from the centre:
x from -1 (the patient's right, at the picture's left) to 1, y from -1 (neck) to 1 (abdomen).
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

_N_RIBS = 9
_N_VESSELS = 11


@dataclass(frozen=True)
class Anatomy:
    """One patient's body; lengths in half widths of the picture.

    Attributes:
        vessels: (2, n, 3) float64: for each lung the start angle, curvature and strength of each vessel.
        tissue_seed: of the irregularities that all pictures of this patient share.
    """

    chest_width: float
    lung_top: float
    lung_base: float
    dome: float
    heart_width: float
    heart_x: float
    fat: float
    breast: float
    rib_slope: float
    rib_start: float
    rib_spacing: float
    rib_strength: float
    shoulder: float
    collar_slope: float
    vessels: np.ndarray
    tissue_seed: int
    gas: float


@dataclass(frozen=True)
class Opacities:
    """A patient's ground-glass opacities.

    Attributes:
        patches: (n, 5) float64: side (-1 or 1), place outwards and downwards (0 to 1), radius, weight.
        strength: how much all of them together may brighten the lungs.
    """

    patches: np.ndarray
    strength: float


@dataclass(frozen=True)
class Device:
    """What a hospital's pictures have in common."""

    exposure: float
    contrast: float
    border: float
    marker: bool
    noise: float


def draw_anatomy(random: np.random.Generator) -> Anatomy:
    """Draw a patient's body."""
    vessels = np.stack(
        [
            random.uniform(-1.5, 1.5, (2, _N_VESSELS)),
            random.normal(0, 0.5, (2, _N_VESSELS)),
            random.uniform(0.4, 1.0, (2, _N_VESSELS)),
        ],
        axis=2,
    )
    return Anatomy(
        chest_width=random.normal(0.76, 0.05),
        lung_top=random.normal(-0.76, 0.04),
        lung_base=random.normal(0.48, 0.09),
        dome=random.uniform(0.12, 0.22),
        heart_width=random.normal(0.36, 0.05),
        heart_x=random.normal(0.13, 0.03),
        fat=random.uniform(0.0, 0.25),
        breast=max(0.0, random.normal(0.05, 0.12)),
        rib_slope=random.normal(0.42, 0.10),
        rib_start=random.uniform(0.02, 0.10),
        rib_spacing=random.normal(0.148, 0.012),
        rib_strength=random.uniform(0.6, 1.3),
        shoulder=random.normal(-0.97, 0.05),
        collar_slope=random.normal(0.22, 0.06),
        vessels=vessels,
        tissue_seed=int(random.integers(2**31)),
        gas=random.uniform(0, 1),
    )


def draw_opacities(random: np.random.Generator) -> Opacities:
    """Draw a patient's patches: on both sides, mostly outwards and below, from nearly invisible to dense."""
    n_patches = int(random.integers(3, 10))
    sides = np.where(np.arange(n_patches) % 2 == 0, 1.0, -1.0)
    outwards = random.beta(4, 1.6, n_patches)
    downwards = random.beta(2.6, 1.6, n_patches)
    radius = random.uniform(0.08, 0.24, n_patches)
    weight = random.uniform(0.4, 1.0, n_patches)
    strength = 0.04 + 0.36 * random.beta(1.1, 2.2)
    return Opacities(np.stack([sides, outwards, downwards, radius, weight], axis=1), strength)


def render(
    anatomy: Anatomy, opacities: Opacities | None, device: Device, image_size: int, random: np.random.Generator
) -> np.ndarray:
    """Take one picture of a patient: (image_size, image_size) uint8.

    Args:
        random: decides on this picture's pose, breath, exposure and noise; the patient stays the same.
    """
    x, y = _pose(image_size, random)
    breath, today = random.normal(0, 0.03), random.uniform(0.7, 1.3)
    lungs = _lungs(x, y, anatomy, breath)
    thickness = _soft_tissue(x, y, anatomy) * (1 - 0.62 * lungs)
    thickness += _mediastinum(x, y, anatomy)
    thickness += 0.10 * anatomy.rib_strength * _ribs(x, y, anatomy, breath)
    thickness += _bones(x, y, anatomy)
    thickness += lungs * 0.16 * _vessels(x, y, anatomy)
    thickness += 0.045 * _tissue_noise(image_size, anatomy.tissue_seed)
    thickness -= _gas(x, y, anatomy, breath)
    if opacities is not None:
        thickness += today * opacities.strength * lungs * _patches(x, y, anatomy, opacities, image_size, breath)
    return _expose(thickness, x, y, device, random)


def _pose(image_size: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Compute the places of the pixels in a patient who stands a little askew, near or far: two (H, W) float64."""
    axis = (np.arange(image_size) + 0.5) * 2 / image_size - 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    angle, zoom = random.normal(0, 0.03), random.normal(1.0, 0.04)
    shift_x, shift_y = random.normal(0, 0.04, 2)
    x, y = x - shift_x, y - shift_y
    return zoom * (x * np.cos(angle) + y * np.sin(angle)), zoom * (y * np.cos(angle) - x * np.sin(angle))


def _step(distance: np.ndarray, softness: float) -> np.ndarray:
    """Return 1 where the distance is positive and 0 where it is negative, with a soft edge."""
    return 1 / (1 + np.exp(-np.clip(distance / softness, -40, 40)))


def _blob(x: np.ndarray, y: np.ndarray, x0: float, y0: float, width: float, height: float) -> np.ndarray:
    return np.exp(-(((x - x0) / width) ** 2) - ((y - y0) / height) ** 2)


def _chest_wall(y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute the distance of the lungs' outer edge from the middle at each height."""
    middle = 0.22
    above = np.clip((middle - y) / (middle - anatomy.lung_top + 0.02), 0, 1)
    return anatomy.chest_width * (1 - above**2.6) ** 0.5 - 0.03 * np.clip(y - middle, 0, 1)


def _diaphragm(x: np.ndarray, anatomy: Anatomy, breath: float) -> np.ndarray:
    """Compute the height of the two domes; the right one, above the liver, stands higher."""
    middle = 0.5 * anatomy.chest_width
    sideways = (np.abs(x) - middle) / (0.5 * anatomy.chest_width)
    drop = np.where(np.abs(x) > middle, 1.35 * np.abs(sideways) ** 2.2, 0.55 * sideways**2)
    return anatomy.lung_base + breath + anatomy.dome * drop - np.where(x < 0, 0.05, -0.01)


def _lungs(x: np.ndarray, y: np.ndarray, anatomy: Anatomy, breath: float) -> np.ndarray:
    """Compute the share of air: (H, W) in [0, 1]."""
    inner = 0.10 + 0.10 * np.clip(y + 0.3, 0, 1)
    heart = _step(1 - _heart_radius(x, y, anatomy), 0.03)
    air = _step(_chest_wall(y, anatomy) - np.abs(x), 0.012) * _step(np.abs(x) - inner, 0.03)
    return air * _step(_diaphragm(x, anatomy, breath) - y, 0.012) * (1 - 0.9 * heart)


def _heart_radius(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute the distance from the heart's centre, 1 at its edge: a tilted egg with its apex towards the left dome."""
    across, down = x - anatomy.heart_x, y - 0.24
    along, aside = across * 0.77 + down * 0.64, down * 0.77 - across * 0.64
    return np.hypot(along / (anatomy.heart_width * 1.02), aside / (0.25 + 0.10 * np.clip(-along, -0.4, 0.4)))


def _soft_tissue(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute the body's own thickness: neck, sloping shoulders, flanks, and nothing but air around it."""
    shoulder = anatomy.shoulder + 0.42 * np.clip(np.abs(x) - 0.24, 0, 1) ** 1.15
    flank = 0.97 + anatomy.fat * 0.35 + 0.10 * np.clip(-y - 0.1, 0, 1)
    body = _step(y - shoulder, 0.02) * _step(flank - np.abs(x), 0.015)
    neck = _step(0.25 - np.abs(x), 0.02)
    depth = 0.62 + 0.10 * anatomy.fat + 0.16 * _step(y - anatomy.lung_base - 0.1, 0.12)
    arms = 0.10 * _step(np.abs(x) - anatomy.chest_width - 0.04, 0.04)
    breasts = sum(_blob(x, y, side * 0.45, 0.34, 0.30, 0.22) for side in (-1, 1))
    return np.maximum(body, neck) * (depth + arms + anatomy.breast * breasts)


def _mediastinum(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute heart, great vessels, aortic knob and hila, with the windpipe's air taken off."""
    heart = 0.05 * _step(1 - _heart_radius(x, y, anatomy), 0.06)
    band = 0.05 * _step(0.15 + 0.04 * y - np.abs(x - 0.01), 0.03) * _step(0.5 - y, 0.1)
    knob = 0.13 * _blob(x, y, 0.13, -0.27, 0.085, 0.10)
    hila = 0.13 * (_blob(x, y, -0.20, -0.03, 0.07, 0.14) + _blob(x, y, 0.22, -0.08, 0.07, 0.12))
    windpipe = 0.13 * _blob(x, np.clip(y + 0.38, 0, 2), 0.0, 0.0, 0.055, 0.08)
    return heart + band + knob + hila - windpipe


def _ribs(x: np.ndarray, y: np.ndarray, anatomy: Anatomy, breath: float) -> np.ndarray:
    """Compute the ribs: behind, from the spine outwards; in front, steeper, fainter, ending before the breastbone."""
    outwards = np.clip(np.abs(x) / anatomy.chest_width, 0, 1)
    within = _step(_chest_wall(y, anatomy) + 0.035 - np.abs(x), 0.012)
    total = np.zeros_like(x)
    for rib in range(_N_RIBS):
        start = anatomy.lung_top + anatomy.rib_start + anatomy.rib_spacing * rib + 0.5 * breath
        behind = start - 0.10 * np.sin(np.pi * outwards**0.8) + anatomy.rib_slope * outwards**2.2 * 0.55
        in_front = start + 0.12 + anatomy.rib_slope * (1.25 - 1.1 * (1 - outwards) ** 1.6) - 0.10 * (1 - outwards)
        total += _rib(y - behind, 0.034) * _step(np.abs(x) - 0.07, 0.02)
        total += 0.55 * _rib(y - in_front, 0.042) * _step(outwards - 0.42, 0.06)
    return total * within * (1 - 0.55 * _step(y - anatomy.lung_base - 0.12, 0.08))


def _rib(distance: np.ndarray, half_height: float) -> np.ndarray:
    """Compute a rib's profile: a band with brighter rims, as a tube has them."""
    band = _step(half_height - np.abs(distance), 0.008)
    rims = np.exp(-(((np.abs(distance) - 0.8 * half_height) / (0.3 * half_height)) ** 2))
    return 0.55 * band + 0.5 * rims


def _bones(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute spine, collar bones and the edges of the shoulder blades."""
    vertebrae = 0.8 + 0.2 * np.cos(2 * np.pi * y / 0.165)
    spine = 0.13 * vertebrae * _step(0.085 + 0.02 * y - np.abs(x), 0.012)
    processes = 0.05 * _blob(x, np.mod(y, 0.165) - 0.08, 0.0, 0.0, 0.02, 0.04)
    sideways = np.abs(x)
    collar_y = anatomy.shoulder + 0.37 - anatomy.collar_slope * sideways + 0.06 * np.sin(5.5 * sideways)
    collar = 0.17 * _rib(y - collar_y, 0.038) * _step(sideways - 0.08, 0.02) * _step(0.80 - sideways, 0.03)
    blade_x = 0.68 + 0.10 * np.sin(2.4 * (y + 0.65))
    blade = 0.07 * _step(sideways - blade_x, 0.02) * _step(1.0 - sideways, 0.05) * _blob(x * 0, y, 0, -0.38, 1, 0.34)
    arm = 0.09 * _step(1 - np.hypot((sideways - 0.98) / 0.14, (y + 0.62) / 0.16), 0.08)
    return spine + processes + collar + blade + arm


def _vessels(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Compute the lungs' vessels: they leave the hilum, bend, thin out and fade."""
    total = np.zeros_like(x)
    for side, vessels in zip((-1, 1), anatomy.vessels, strict=True):
        across, down = side * x - 0.16, y + 0.04
        radius = np.hypot(across, down) + 1e-6
        angle = np.arctan2(down, np.maximum(across, 1e-3))
        for start, curvature, strength in vessels:
            sideways = radius * (angle - start * 0.85 - curvature * radius)
            width = 0.022 * np.exp(-1.1 * radius) + 0.004
            line = np.exp(-((sideways / width) ** 2)) * np.exp(-2.1 * radius)
            total += strength * line * _step(across, 0.02)
    return np.minimum(total, 1.5)


def _tissue_noise(image_size: int, seed: int) -> np.ndarray:
    """Compute the patient's own soft irregularities, of deviation near 1; the same at every image size."""
    random = np.random.default_rng(seed)
    total = np.zeros((image_size, image_size))
    for n_cells, weight in ((40, 0.45), (18, 0.65), (7, 0.8)):
        cells = Image.fromarray(random.standard_normal((n_cells, n_cells)).astype(np.float32))
        total += weight * np.asarray(cells.resize((image_size, image_size), Image.Resampling.BICUBIC))
    return total


def _gas(x: np.ndarray, y: np.ndarray, anatomy: Anatomy, breath: float) -> np.ndarray:
    """Compute the stomach's bubble under the left dome, which not every picture shows."""
    middle = anatomy.lung_base + breath + 0.17
    return 0.22 * max(0.0, anatomy.gas - 0.45) * _step(1 - np.hypot((x - 0.40) / 0.17, (y - middle) / 0.085), 0.1)


def _patches(
    x: np.ndarray, y: np.ndarray, anatomy: Anatomy, opacities: Opacities, image_size: int, breath: float
) -> np.ndarray:
    """Compute the ground-glass opacities, mottled and without edges."""
    mottle = 1 + 0.3 * _tissue_noise(image_size, anatomy.tissue_seed + 1)
    total = np.zeros_like(x)
    for side, outwards, downwards, radius, weight in opacities.patches:
        y0 = -0.55 + downwards * (anatomy.lung_base + breath + 0.50)
        wall = float(_chest_wall(np.array(y0), anatomy))
        x0 = side * (0.2 + outwards * max(0.1, wall - 0.26))
        total += weight * _blob(x, y, x0, y0, radius * 0.8, radius * 1.15)
    return (1 - np.exp(-1.2 * total)) * np.clip(mottle, 0.3, 1.6)


def _expose(
    thickness: np.ndarray, x: np.ndarray, y: np.ndarray, device: Device, random: np.random.Generator
) -> np.ndarray:
    """Turn thickness into grey values as a device and its operator do: exposure, contrast, noise, frame."""
    image_size = len(thickness)
    blurred = gaussian_filter(thickness, 0.0035 * image_size)
    exposure = device.exposure + random.normal(0, 0.035)
    contrast = device.contrast * np.exp(random.normal(0, 0.08))
    tilt = random.normal(0, 0.03) * x + random.normal(0, 0.02) * y
    value = 0.52 + contrast * (blurred - 0.56 + tilt) + exposure
    dose = device.noise * np.exp(random.normal(0, 0.2))
    value += dose * gaussian_filter(random.standard_normal(value.shape), 0.5) * (0.6 + np.clip(value, 0, 1))
    value = np.clip(value, 0, 1)
    edge = round(device.border * image_size)
    if edge:
        value[:edge] = value[-edge:] = value[:, :edge] = value[:, -edge:] = 0
    if device.marker:
        top, side = int(0.06 * image_size), max(2, int(0.045 * image_size))
        value[top : top + side, edge + side : edge + side + max(1, side // 3)] = 0.95
        value[top : top + max(1, side // 3), edge + side : edge + 2 * side] = 0.95
    return np.rint(255 * value).astype(np.uint8)
