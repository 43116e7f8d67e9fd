"""Prompts for common tasks, in the server's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hex_blocks.i18n.texts import text


class Argument(NamedTuple):
    """An argument of a prompt, entered by the user."""

    name: str
    description: str
    required: bool = False


class Prompt(NamedTuple):
    """A task that users start: its texts, and the message to the model, with `{name}` for each argument."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    message: str

    def missing(self, given: Mapping[str, str]) -> list[str]:
        """Return the names of the required arguments that are not given."""
        return [each.name for each in self.arguments if each.required and not given.get(each.name, "").strip()]

    def render(self, given: Mapping[str, str]) -> str:
        """Return the message to the model, with the given arguments."""
        return self.message.format(**{each.name: given.get(each.name, "").strip() or "–" for each in self.arguments})


def prompts(language: str | None = None) -> dict[str, Prompt]:
    """Return the prompts by name."""
    project = Argument("project", text("The project: its title, its web address or its ID.", language), required=True)
    made = (
        Prompt(
            "run_report",
            text("Run a report", language),
            text("Run a Hex project with parameters and show its results.", language),
            (project, Argument("parameters", text("Values for its inputs, in your own words.", language))),
            text(
                "Run the Hex project “{project}” with these parameters: {parameters}.\n\n"
                "1. Find it with hex_find_project. If several fit, ask me which one is meant.\n"
                "2. Run it with hex_run_and_wait; inputParams takes the variable names of its inputs.\n"
                "3. When it has completed, fetch its charts with hex_get_run_results and show them.\n"
                "4. Tell me how it ended, how long it took, and where to see it (runUrl). If it failed, say why and "
                "do not start it again.",
                language,
            ),
        ),
        Prompt(
            "compare_parameter_sets",
            text("Compare parameter sets", language),
            text("Run a Hex project once for each set of parameters, and compare the runs.", language),
            (
                project,
                Argument("sets", text("The sets to compare, such as: region EMEA, US and APAC.", language), True),
            ),
            text(
                "Compare what the Hex project “{project}” gives for: {sets}.\n\n"
                "1. Find it with hex_find_project. If several fit, ask me which one is meant.\n"
                "2. Run all sets in one call of hex_run_batch: parameterSets for a list, combine for combinations.\n"
                "3. Fetch the charts of each completed run with hex_get_run_results.\n"
                "4. Give me a table with a row for each set: how it ended, how long it took, its runUrl. Name the sets "
                "that failed, and say what differs between the charts.",
                language,
            ),
        ),
        Prompt(
            "find_failed_runs",
            text("Find what failed", language),
            text("Find recent failed runs and explain why they failed.", language),
            (
                Argument("since", text("How far to look back. Default: since last night.", language)),
                Argument("project", text("Only this project. Default: all published projects.", language)),
            ),
            text(
                "Find the Hex runs that failed. Since: {since} (last night where nothing is said). Project: {project} "
                "(all published ones where nothing is said).\n\n"
                "1. Get the projects: hex_find_project for one; for all, hex_list_projects by way of hex_call_tool.\n"
                "2. For each, ask hex_get_project_runs with statusFilter ERRORED, then with "
                "UNABLE_TO_ALLOCATE_KERNEL and KILLED, and keep the runs whose times fit. Hex takes few requests a "
                "minute: begin with the projects that were published last, and say which you did not look at.\n"
                "3. Give me a table: project, when, how it ended, runUrl. Start nothing and cancel nothing.",
                language,
            ),
        ),
    )
    return {prompt.name: prompt for prompt in made}


def describe_prompt(prompt: Prompt) -> dict[str, Any]:
    """Return the description of a prompt in the form of the protocol."""
    return {
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "arguments": [argument._asdict() for argument in prompt.arguments],
    }
