"""Templates for workflows and skills for agents, which Sim offers with the block.

Prompts and contents are for models and stay in English; titles and descriptions are translated.
"""

from __future__ import annotations

from typing import Any

from hex_blocks.hosts.sim.typescript import Code
from hex_blocks.i18n.texts import phrase, text

TAGS = ["data-analytics"]
ADDRESS = "https://hex.tech"
# Title, prompt for the assistant, and Sim's category, modules, tags and integrations.
TEMPLATES: tuple[dict[str, Any], ...] = (
    {
        "title": phrase("Morning report with its chart"),
        "prompt": (
            "Create a workflow that runs a Hex project with yesterday's date every morning, waits "
            "for the run, fetches its charts and posts them to a Slack channel; if the run fails, "
            "post the page of the run instead."
        ),
        "modules": ["scheduled", "workflows"],
        "category": "operations",
        "tags": ["reporting", "analysis"],
        "alsoIntegrations": ["slack"],
    },
    {
        "title": phrase("One report for each region"),
        "prompt": (
            "Build a workflow that runs the same Hex project once for each region of a list in "
            "parallel, collects the pages of the runs and e-mails them as one overview."
        ),
        "modules": ["scheduled", "workflows"],
        "category": "operations",
        "tags": ["reporting", "enterprise"],
        "alsoIntegrations": ["gmail"],
    },
    {
        "title": phrase("Alert when a Hex run fails"),
        "prompt": (
            "Build a workflow that starts when a run of chosen Hex projects has ended in an error, "
            "and posts its project, its time and its page to an on-call channel in Slack."
        ),
        "modules": ["workflows"],
        "category": "engineering",
        "tags": ["monitoring", "devops"],
        "alsoIntegrations": ["slack"],
    },
    {
        "title": phrase("Answer data questions with Hex"),
        "prompt": (
            "Create an agent workflow that takes a question about the company's data from chat, asks "
            "Hex's agent, waits for the answer and replies with it and with the link to its thread."
        ),
        "modules": ["agent", "workflows"],
        "category": "productivity",
        "tags": ["analysis"],
        "alsoIntegrations": ["slack"],
    },
    {
        "title": phrase("Log of all Hex runs"),
        "prompt": (
            "Build a workflow that starts when a Hex run has ended and appends its project, status, "
            "duration and page to a table, so that slow and failing projects can be seen over time."
        ),
        "modules": ["tables", "workflows"],
        "category": "operations",
        "tags": ["monitoring", "reporting"],
        "alsoIntegrations": [],
    },
    {
        "title": phrase("Refresh published apps after a load"),
        "prompt": (
            "Create a workflow that runs the Hex projects of a collection with updated published "
            "results after a data load has finished, waits for all of them and reports which apps "
            "are fresh."
        ),
        "modules": ["workflows"],
        "category": "engineering",
        "tags": ["sync", "devops"],
        "alsoIntegrations": [],
    },
    {
        "title": phrase("Review of who has access"),
        "prompt": (
            "Build a scheduled workflow that lists the users and groups of the Hex workspace every "
            "month, compares them with the list of employees in a table and reports accounts that "
            "should be deactivated."
        ),
        "modules": ["scheduled", "tables", "agent", "workflows"],
        "category": "operations",
        "tags": ["enterprise", "analysis"],
        "alsoIntegrations": [],
    },
    {
        "title": phrase("Inventory of queried tables"),
        "prompt": (
            "Create a scheduled workflow that lists all Hex projects, reads the warehouse tables "
            "that each of them queries and keeps the result in a table, so that the owner of a table "
            "can see who depends on it."
        ),
        "modules": ["scheduled", "tables", "workflows"],
        "category": "engineering",
        "tags": ["analysis", "sync"],
        "alsoIntegrations": [],
    },
)
SKILLS: tuple[dict[str, Any], ...] = (
    {
        "name": "run-a-project",
        "description": phrase("Run a Hex project with parameters, wait for the run and give its result."),
        "content": """\
# Run a project

## Steps
1. If only a title is known, find the project first. If several fit, ask which one is meant.
2. Run the project and wait, with the parameters as a JSON object by variable name.
3. If the status is RUNNING, the wait was over before the run: wait on for it by its ID, and start no other.
4. Fetch the results of the completed run; its charts are files.

## Output
The page of the run and its charts. If the run failed, say so and give its page.""",
    },
    {
        "name": "look-into-failed-runs",
        "description": phrase("List the runs of Hex projects and tell which of them failed."),
        "content": """\
# Look into failed runs

## Steps
1. Find the projects.
2. List the runs of each with the status ERRORED, and with KILLED.
3. Tell each with its start, its duration and its page.

## Output
A list of failed runs with links, newest first. The reason of a failure is on the page of its run.""",
    },
    {
        "name": "ask-hex",
        "description": phrase("Have Hex's agent answer a question about data."),
        "content": """\
# Ask Hex

## Steps
1. Ask with the whole question as the prompt, and with a project ID if the question is about one project.
2. If the status is RUNNING, the agent still works: read the thread by its ID after a while.
3. Ask further questions in the same thread.

## Output
The answer in the agent's words, and the link to its thread.""",
    },
    {
        "name": "cancel-what-hangs",
        "description": phrase("Find runs of a Hex project that take too long and cancel them."),
        "content": """\
# Cancel what hangs

## Steps
1. List the runs of the project with the status RUNNING.
2. Pick those that started longer ago than the person allows, and ask before cancelling.
3. Cancel each by its ID, and check its status afterwards.

## Output
The runs that were cancelled, and those that had ended meanwhile.""",
    },
)


def offers(language: str) -> dict[str, Any]:
    """Return the templates and skills, with their titles and descriptions in a language."""
    return {
        "tags": TAGS,
        "url": ADDRESS,
        "templates": [
            {"icon": Code("HexIcon"), **template, "title": text(template["title"], language)} for template in TEMPLATES
        ],
        "skills": [{**skill, "description": text(skill["description"], language)} for skill in SKILLS],
    }
