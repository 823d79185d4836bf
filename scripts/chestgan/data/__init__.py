"""From a folder of files to images split by patients."""
