"""The modules that the scripts share, in rooms by role; imports run down to `base`."""
