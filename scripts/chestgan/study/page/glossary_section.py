"""The glossary of the page."""

from chestgan.study.page.blocks import Section, Terms

_TERMS = {
    "arm": "A way to train the classifier: on real images, on real and synthetic ones, and so on. All arms are tested "
    "on the same patients.",
    "augmentation": "Shifting, brightening and recolouring each real image whenever it is shown: the usual way to get "
    "more out of few images, and what synthetic images have to beat.",
    "bootstrap": "A result is computed many times with patients drawn again from those that there are. How far it "
    "scatters gives a band.",
    "Brier score": "Mean squared error of the predicted probability; lower is better.",
    "class": "What the classifier tells apart, such as COVID and normal.",
    "control": "An arm that tells the classifier nothing more than the real images do, and so must not help.",
    "copy": "A generated image that is one picture with a training image, or lies nearer to one than all patients whom "
    "no training saw. Copies raise the coverage, and teach a classifier nothing new.",
    "coverage": "Share of the test images near which there is a generated image: near 0 when a generator makes only a "
    "few kinds of images.",
    "DCR ratio": "Distance of generated images to the closest training image, divided by that of unseen patients. Well "
    "below 1: most images are copies of training images.",
    "density": "How thickly generated images lie among the test images: about 1 for real ones, more where they crowd "
    "in the midst of them.",
    "diffusion model": "A network that takes noise away from images; begun with noise alone, step by step it makes an "
    "image. It has no discriminator.",
    "Fréchet distance, kernel distance": "How far generated images lie from real ones, by the features of a network; "
    "compare with the value of real images beside it. Lower is nearer.",
    "GAN": "Generative adversarial network: a generator learns to make images that a second network, the "
    "discriminator, can't tell from real ones.",
    "interval": "The range in which the true value lies in 95 of 100 such studies, at a confidence of 95 %.",
    "MS-SSIM": "Likeness of two images, from 0 to 1. Near 1 within a class: all images alike.",
    "operating point, threshold": "The probability from which an image is called positive.",
    "PPV, NPV": "Share of the images called positive that are, and of those called negative that are.",
    "PR AUC": "Area under the curve of precision over recall; at chance it is the share of positive images.",
    "precision, recall": "Of generated images: the share that lies near test images, and the share of the test images "
    "that lies near generated ones. Near is closer than the fifth neighbour of the same kind.",
    "ROC AUC": "The chance that a positive image gets a higher probability than a negative one: 0.5 is guessing, 1 is "
    "perfect.",
    "seed": "The number from which everything random in a training follows. Several seeds show how much trainings "
    "differ by chance.",
    "sensitivity, specificity": "Share of the positive images that are found, and of the negative ones that are left "
    "alone.",
    "train, validation, test": "The patients from whom a network learns, those by whom the best one is chosen, and "
    "those on whom it is tested once, at the end.",
}


def glossary_section() -> Section:
    """Explain the words of the page."""
    return Section("glossary", "Glossary", [Terms(_TERMS)])
