"""The architectures by name: a new one is a module like these, and a line here.

One of a GAN has a `Generator` and a `Discriminator`, one of a diffusion model a `Denoiser`. Both have `check` and
`check_size`, which refuse what the networks can't have. A dimension of a weight that grows with the number of classes
ends with them, output by output, in their order: `shared_weights` finds them there.
"""

from chestgan.gan.networks import covidgan, residual, unet

ARCHITECTURES = {"covidgan": covidgan, "residual": residual}
DENOISERS = {"unet": unet}
