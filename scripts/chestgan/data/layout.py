"""How a data folder and its tables are laid out: which files, and what says their labels and patients."""

from dataclasses import dataclass

from chestgan.data import file_names, rules


@dataclass(frozen=True)
class Layout:
    """What the tables say about each file, and where; an empty name of a column says that there is none.

    Attributes:
        tables: names or globs of the tables; without any, the top folders are the labels.
        table_columns: the names of the columns of tables without a header.
        sheet: the sheet of an XLSX file that has several.
        take: globs of the files to take; without any, all.
        leave_out: globs of files to leave out of these.
        file: the column of files; unused where there is a template.
        label: the column of labels; unused where there are rules. Without both, the top folder is the label.
        label_pattern: a regular expression whose one group is the label, looked for in the file's path; in place of the
            top folder.
        patient_pattern: a regular expression whose one group is the patient, looked for in the column of patients, or
            in the file's path where there is none.
        labels: LABEL=RULE for each label that follows from a rule.
        keep_rows: rules that all hold for the rows to read.
        missing_files: whether a row that names a file that isn't there is an error: `refuse`, or `leave_out`.
        columns: more columns to carry through.
    """

    tables: tuple[str, ...] = ()
    table_columns: tuple[str, ...] = ()
    sheet: str | None = None
    take: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    file: str = "file"
    label: str = "label"
    patient: str = "patient"
    source: str = "source"
    file_template: str | None = None
    label_pattern: str | None = None
    patient_pattern: str | None = None
    labels: tuple[str, ...] = ()
    keep_rows: tuple[str, ...] = ()
    missing_files: str = "refuse"
    columns: tuple[str, ...] = ()

    @property
    def by_folders(self) -> bool:
        """Whether folders are the labels."""
        return not self.tables or (not self.label and not self.labels)


def wanted_columns(layout: Layout) -> list[tuple[str, str]]:
    """List the columns that a layout uses, each after the key of the configuration that names it."""
    if layout.file_template is None:
        wanted = [("file_column", layout.file)]
    else:
        wanted = [("file_template", name) for name in file_names.parse(layout.file_template).columns]
    if not layout.labels:
        wanted.append(("label_column", layout.label))
    wanted += [("patient_column", layout.patient), ("source_column", layout.source)]
    wanted += [("labels", rule.column) for rule in rules.parse_labels(layout.labels).values()]
    wanted += [("keep_rows", rules.parse(text, "keep_rows").column) for text in layout.keep_rows]
    wanted += [("columns", name) for name in layout.columns]
    return [(key, name) for key, name in wanted if name]
