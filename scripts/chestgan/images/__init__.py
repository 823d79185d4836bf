"""Image sets, the form in which stages exchange images, and operations on their pixels."""
