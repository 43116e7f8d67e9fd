"""Cells: a typical notebook for each project, and its inputs."""

from __future__ import annotations

from hex_blocks.sandbox.model import Cell, Project
from hex_blocks.sandbox.seed.ids import seed_id
from hex_blocks.sandbox.workspace import World

REGIONS = ("US", "EMEA", "APAC")
MONTHS = tuple(f"2024-{month:02}" for month in range(1, 13))


def add_cells(world: World, now: float) -> None:
    """Add the cells of all projects."""
    for project in world.all(Project):
        if project.type == "PROJECT":
            for rank, cell in enumerate(_notebook(world, project), start=1):
                cell.rank = float(rank)
                world.add(cell)


def _notebook(world: World, project: Project) -> list[Cell]:
    fails = project.plan.end == "ERRORED"
    warehouse = world.connection("Warehouse").id
    columns = (("region", "string"), ("month", "string"), ("revenue", "number"))
    rows = tuple(
        (region, month, str(1000 + 37 * place + 250 * len(region)))
        for place, month in enumerate(MONTHS)
        for region in REGIONS
    )
    cells = [
        _cell(project, "MARKDOWN", "Introduction", f"# {project.title}\n\n{project.description or ''}"),
        *(_cell(project, "INPUT", wanted.name, variable=wanted.name) for wanted in project.inputs),
        _cell(
            project,
            "SQL",
            "Revenue by region",
            "select region, month, sum(amount) as revenue\nfrom analytics.shop.orders\ngroup by 1, 2",
            connection_id=warehouse,
            output_dataframe="revenue",
            columns=columns,
            rows=rows,
        ),
        _cell(project, "CODE", "Totals", 'totals = revenue.groupby("region")["revenue"].sum()'),
        _cell(project, "CHART", "Revenue chart"),
    ]
    if fails:
        cells.append(
            _cell(
                project,
                "SQL",
                "Import",
                "select * from analytics.shop.missing_table",
                connection_id=warehouse,
                output_dataframe="imported",
                fault="The table analytics.shop.missing_table does not exist.",
            )
        )
    if project.title == "Revenue report":
        cells += _more_for_the_report(project)
    return cells


def _more_for_the_report(project: Project) -> list[Cell]:
    group = _cell(project, "CELL_GROUP", "Details")
    empty = _cell(
        project,
        "SQL",
        "Refunds",
        "select region, note from refunds",
        output_dataframe="refunds",
        columns=(("region", "string"), ("note", "string")),
        rows=(("US", None), ("EMEA", "two lines")),
        parent_id=group.id,
    )
    return [
        group,
        empty,
        _cell(project, "VEGA_CHART", "Orders by day", parent_id=group.id),
        _cell(project, "METRIC", "Total revenue"),
        _cell(project, "DISPLAY_TABLE", "Revenue table"),
        _cell(project, "PIVOT", "Revenue by month and region"),
    ]


def _cell(
    project: Project,
    type_: str,
    label: str,
    source: str | None = None,
    *,
    connection_id: str | None = None,
    output_dataframe: str | None = None,
    variable: str | None = None,
    columns: tuple[tuple[str, str], ...] = (),
    rows: tuple[tuple[str | None, ...], ...] = (),
    fault: str | None = None,
    parent_id: str | None = None,
) -> Cell:
    name = f"{project.title}/{label}"
    return Cell(
        id=seed_id("cell", name),
        static_id=seed_id("static cell", name),
        project_id=project.id,
        type=type_,
        rank=0.0,
        label=label,
        source=source,
        connection_id=connection_id,
        output_dataframe=output_dataframe,
        variable=variable,
        columns=columns,
        rows=rows,
        fault=fault,
        parent_id=parent_id,
    )
