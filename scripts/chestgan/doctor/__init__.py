"""The checks of `check_setup`."""
