"""The training of a GAN, and the images that it draws."""
