"""The page of a study, `report.html`: one module a section, and one template."""
