"""A study: what its runs gave, held together, and the verdict."""
