"""The architectures by name: a new one is a module like these, and a line here.

A module has a `Generator` and a `Discriminator`, and `check` and `check_size`, which refuse what the two can't have.
"""

from chestgan.gan.networks import covidgan, residual

ARCHITECTURES = {"covidgan": covidgan, "residual": residual}
