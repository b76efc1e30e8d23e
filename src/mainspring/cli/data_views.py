"""What the commands of datasets show."""

import msgspec

from mainspring.cli.view import Fields, Page, Part, Sentence, Table, number, size, when
from mainspring.domain.dataset import Analysis, Dataset, DatasetDiff, DatasetVersion, Quarantined
from mainspring.domain.profile import ColumnProfile
from mainspring.domain.schema import Report, Violation

__all__ = [
    "DatasetPage",
    "analyse_view",
    "diff_view",
    "list_view",
    "report_view",
    "show_view",
    "version_view",
    "violations_table",
]


class DatasetPage(msgspec.Struct, frozen=True):
    """A dataset with its versions and the batches that were refused, newest first."""

    dataset: Dataset
    versions: tuple[DatasetVersion, ...]
    quarantined: tuple[Quarantined, ...]


def list_view(datasets: list[Dataset]) -> Page:
    """Datasets by name."""
    rows = [(d.name, d.latest, number(d.rows), size(d.size_bytes), d.quarantined, when(d.changed_ms)) for d in datasets]
    columns = ("dataset", "latest", "rows", "size", "refused", "changed")
    return [Table(columns, rows, empty="no datasets yet; make one with: mainspring data add NAME FILE")]


def version_view(version: DatasetVersion) -> Page:
    """One version."""
    span = f"{when(version.event_from_ms)} to {when(version.event_to_ms)}" if version.event_time else ""
    pairs = [
        ("version", version.reference),
        ("rows", number(version.rows)),
        ("of them new", number(version.added_rows)),
        ("columns", version.columns),
        ("size", size(version.size_bytes)),
        ("event time", f"{version.event_time}: {span}" if span else ""),
        ("digest", version.digest),
        ("added", f"{when(version.created_ms)} by {version.principal}"),
    ]
    return [Fields([pair for pair in pairs if pair[1] != ""])]


def show_view(page: DatasetPage | DatasetVersion) -> Page:
    """A dataset with its versions, or a version with its parts."""
    if isinstance(page, DatasetVersion):
        parts = [
            (part.digest[:16], number(part.rows), part.first_row_id, size(part.size_bytes), part.source)
            for part in page.parts
        ]
        return [*version_view(page), Table(("part", "rows", "from row", "size", "source"), parts)]
    dataset = page.dataset
    head = Fields(
        [
            ("dataset", dataset.name),
            ("latest", dataset.latest),
            ("rows", number(dataset.rows)),
            ("since", when(dataset.created_ms)),
        ]
    )
    rows = [
        (v.reference, v.mode, number(v.rows), number(v.added_rows), v.digest[:16], when(v.created_ms))
        for v in page.versions
    ]
    shown: list[Part] = [head, Table(("version", "mode", "rows", "new", "digest", "added"), rows)]
    if page.quarantined:
        refused = [(q.id[-8:], q.source, when(q.at_ms), _summary(q.report)) for q in page.quarantined]
        shown.append(Table(("refused", "source", "at", "why"), refused))
    return shown


def _summary(report: Report) -> str:
    return "; ".join(f"{violation.column}: {violation.rule}" for violation in report.violations)


def analyse_view(analysis: Analysis) -> Page:
    """Schema and profile, a line a column."""
    rules = {column.name: column for column in analysis.schema.columns}
    rows = []
    for column in analysis.profile.columns:
        rule = rules.get(column.name)
        limit = f"{rule.null_limit:.1%}" if rule and rule.null_limit < 1 else ""
        rows.append(
            (
                column.name,
                column.type,
                f"{column.stats.null_share:.1%}",
                limit,
                number(column.distinct),
                *_spread(column),
            )
        )
    return [
        *version_view(analysis.version),
        Table(("column", "type", "nulls", "allowed", "distinct", "least", "median", "most", "frequent"), rows),
    ]


def _spread(column: ColumnProfile) -> tuple[str, str, str, str]:
    frequent = ", ".join(f"{top.value} ({number(top.count)})" for top in column.top[:3])
    median = number(column.quantiles[len(column.quantiles) // 2]) if column.quantiles else ""
    return _value(column.stats.minimum), median, _value(column.stats.maximum), frequent


def _value(value: object) -> str:
    return (
        number(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value if value is not None else "")[:24]
    )


def diff_view(diff: DatasetDiff) -> Page:
    """Rows, parts, columns and values that differ."""
    said = (
        "the versions hold the same data" if diff.identical else f"{diff.rows_before:,} rows became {diff.rows_after:,}"
    )
    schema = [(change.column, change.before or "absent", change.after or "absent") for change in diff.schema_changes]
    values = [
        (change.column, change.measure, _value(change.before), _value(change.after)) for change in diff.column_changes
    ]
    return [
        Sentence(
            f"{diff.dataset}@{diff.base} -> {diff.dataset}@{diff.other}: {said} ({diff.rows_added:,} added, {diff.rows_removed:,} removed)"
        ),
        Table(("column", "was", "is"), schema, empty="the columns are the same"),
        Table(("column", "measure", "was", "is"), values, empty="no column's values differ to speak of"),
    ]


def report_view(report: Report) -> Page:
    """Every broken rule with its count and some of the rows."""
    if report.valid:
        return [Sentence(f"{report.source}: {report.rows:,} rows fit {report.dataset}@{report.against}", good=True)]
    said = f"{report.source} would be refused: {len(report.violations)} rules of {report.dataset}@{report.against} are broken"
    return [Sentence(said, good=False), violations_table(report)]


def violations_table(report: Report) -> Table:
    """A broken rule a line."""
    rows = [(v.column, v.rule, number(v.count), f"{v.share:.1%}", v.message, _examples(v)) for v in report.violations]
    return Table(("column", "rule", "rows", "share", "what", "for example"), rows)


def _examples(violation: Violation) -> str:
    return "; ".join(
        f"row {example.row}: {', '.join(f'{k}={v}' for k, v in example.values.items())}"
        for example in violation.examples[:2]
    )
