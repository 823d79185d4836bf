"""Slurm, and the profiles that Snakemake submits with."""
