"""The training of a GAN, and the sampling of images from it."""
