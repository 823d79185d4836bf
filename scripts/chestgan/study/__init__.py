"""The summary of a study: its inputs, statistics, tables, figures and verdict."""
