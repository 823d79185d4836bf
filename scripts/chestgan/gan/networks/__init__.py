"""The networks of the GANs, one architecture per file."""
