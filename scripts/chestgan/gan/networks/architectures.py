"""The architectures by name: a new one is a module like these, and a line here.

One of a GAN has a `Generator` and a `Discriminator`, one of a diffusion model a `Denoiser`. Both have `check` and
`check_size`, which refuse what the networks can't have.
"""

from chestgan.gan.networks import covidgan, residual, unet

ARCHITECTURES = {"covidgan": covidgan, "residual": residual}
DENOISERS = {"unet": unet}
