"""The metrics of synthetic images: a new one is a function in a file of its own, and an entry here."""

from chestgan.metrics.diversity import coverage, density, mean_ms_ssim, precision, recall
from chestgan.metrics.frechet_kernel import frechet_distance, kernel_distance
from chestgan.metrics.memorisation import dcr_ratio
from chestgan.metrics.metric import Metric

# the mean over pairs of real chest X-rays of a class is about 0.4, and this many pairs know it to 0.01
N_PAIRS = 200
# on the way from real images (0) to one image alone (1), generators that had collapsed on X-rays, CT and phantoms
# lay at 0.87 or beyond, and those whose images only vary less than real ones at 0.55 or below
_COLLAPSED = 0.75
# training images at 64 px that were brightened, hardly blurred or moved by a pixel lay at 0.4 to 0.6 of the distance of
# other patients, and new images, of good generators and bad ones, at 0.98 and beyond
_COPIED = 0.75

# measured beside the training and beside the test patients: distances.csv
DISTANCES = (
    Metric(
        name="fd",
        label="Fréchet distance (FD)",
        protocol="squared Frechet distance with unbiased covariances",
        compute=lambda of: frechet_distance(of.candidates, of.reference),
    ),
    Metric(
        name="kd",
        label="kernel distance (KD)",
        protocol="unbiased squared MMD with the kernel (x.y / d + 1)^3 over the n images, not multiplied; kd_se: its "
        "standard error, the standard deviation over random halves",
        compute=lambda of: kernel_distance(
            of.candidates, of.reference, of.n_subsets, subset_size=len(of.candidates), seed=of.seed
        ),
        has_error=True,
    ),
)
# measured beside the test patients: diversity.csv
DIVERSITY = (
    Metric(
        name="coverage",
        label="coverage of the test patients",
        protocol="share of the test images in whose ball, of the distance to their 5th nearest other test image, lies "
        "a synthetic image, and for real_coverage a real training image",
        compute=lambda of: coverage(of.reference, of.candidates),
        limits=(0, 1),
    ),
    Metric(
        name="precision",
        label="precision (share of the\nimages near test images)",
        protocol="share of the synthetic images that lie in such a ball of a test image",
        compute=lambda of: precision(of.reference, of.candidates),
        limits=(0, 1),
    ),
    Metric(
        name="recall",
        label="recall (share of the test\nimages near images)",
        protocol="share of the test images that lie in such a ball of a synthetic image",
        compute=lambda of: recall(of.reference, of.candidates),
        limits=(0, 1),
    ),
    Metric(
        name="density",
        label="density of the images\nnear test images",
        protocol="mean number of such balls of test images that a synthetic image lies in, divided by 5",
        compute=lambda of: density(of.reference, of.candidates),
    ),
    Metric(
        name="dcr_ratio",
        label="DCR ratio (distance to the nearest\ntraining image, test patients: 1)",
        protocol="median distance of the synthetic images to the nearest of all training images of the class, or of "
        "all, divided by that of the test images",
        compute=lambda of: dcr_ratio(of.training, of.reference, of.candidates),
        real_value=1.0,
        warns=lambda value, real: value < _COPIED,
        warning="images of {generators} lie nearer to the training images than other patients do (at {values} of their "
        "distance)",
    ),
    Metric(
        name="ms_ssim",
        label="MS-SSIM within a class",
        protocol=f"mean MS-SSIM over {N_PAIRS} random pairs of synthetic images of a class, and for real_ms_ssim of "
        "real training images, at the size that they have; the mean over the classes stands for all",
        compute=lambda of: mean_ms_ssim(of.candidates, N_PAIRS, of.seed),
        of_pixels=True,
        limits=(0, 1),
        warns=lambda value, real: value - real > _COLLAPSED * (1 - real),
        warning="images of a class from {generators} are nearly all alike (MS-SSIM {values}, of real ones "
        "{real_values})",
    ),
)
METRICS = (*DISTANCES, *DIVERSITY)
