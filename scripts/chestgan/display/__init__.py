"""What a terminal, a pipe or a log shows of a study that runs."""
