"""The networks of the GANs, an architecture a file."""
