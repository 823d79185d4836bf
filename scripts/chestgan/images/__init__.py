"""Image sets, the form in which stages hand images on, and what is done to their pixels."""
