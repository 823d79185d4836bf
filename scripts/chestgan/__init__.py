"""The modules that Chestgan's scripts share: nouns, each one idea."""
