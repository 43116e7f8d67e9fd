"""The actions and searches of the app, with their labels and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hex_blocks.hosts.javascript.data import runs_in_javascript
from hex_blocks.hosts.javascript.forms import in_order, inputs_of, key_of
from hex_blocks.hosts.javascript.titles import sentence_case, title_case
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, Phrase, phrase, text
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

CREATE, SEARCH = "creates", "searches"
# What a search returns: the document, the entries of a list, or the entries with the value that was searched for.
DOCUMENT, ENTRIES, NAMED = "document", "entries", "named"

CREATES = (
    "hex_run_project",
    "hex_run_notebook",
    "hex_cancel_run",
    "hex_create_thread",
    "hex_continue_thread",
    "hex_create_project",
    "hex_update_project",
    "hex_edit_project_sharing_users",
    "hex_edit_project_sharing_groups",
    "hex_edit_project_sharing_collections",
    "hex_create_collection",
    "hex_create_group",
    "hex_update_group",
)


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        tool: The ID of its tool.
        how: What it returns: DOCUMENT, ENTRIES or NAMED.
        by: For NAMED, the field of an entry that is compared with the value.
        label: Its name in Zapier; None for the title of the tool.
        description: What it does; None for the description of the tool.
    """

    tool: str
    how: str = DOCUMENT
    by: str = ""
    label: Phrase | None = None
    description: Phrase | None = None


SEARCHES = {
    "find_project": Search("hex_find_project", ENTRIES),
    "find_run": Search(
        "hex_get_run_status",
        label=phrase("Find a run"),
        description=phrase("Finds a run by its ID, with its status and times."),
    ),
    "get_run_results": Search("hex_get_run_results"),
    "get_notebook_run_status": Search("hex_get_notebook_run_status"),
    "get_thread": Search("hex_get_thread"),
    "find_user": Search(
        "hex_list_users",
        NAMED,
        "email",
        phrase("Find a user"),
        phrase("Finds a user of the workspace by e-mail address."),
    ),
    "find_group": Search(
        "hex_list_groups", NAMED, "name", phrase("Find a group"), phrase("Finds a group by its name.")
    ),
    "find_collection": Search(
        "hex_list_collections", NAMED, "name", phrase("Find a collection"), phrase("Finds a collection by its name.")
    ),
}
# Searches that can create what they do not find.
OR_CREATE = {
    "find_group": ("create_group", phrase("Find or create a group")),
    "find_collection": ("create_collection", phrase("Find or create a collection")),
}
_NOUNS = {
    "notebook": phrase("Run"),
    "runs": phrase("Run"),
    "projects": phrase("Project"),
    "threads": phrase("Thread"),
    "collections": phrase("Collection"),
    "connections": phrase("Data connection"),
}
_NOUNS_OF_KEYS = {"find_user": phrase("User"), "find_group": phrase("Group")}


@dataclass(frozen=True)
class Operation:
    """A tool as an action or a search of the app."""

    kind: str
    key: str
    tool: Tool
    search: Search

    def label(self, language: str) -> str:
        """Return the name of the operation in Zapier."""
        label = self.search.label.said(language) if self.search.label else self.tool.title(language)
        return titled(label, language)

    def description(self, language: str) -> str:
        """Return what the operation does."""
        return self.search.description.said(language) if self.search.description else self.tool.description(language)

    def noun(self, groups: Mapping[str, Mapping[str, Any]], language: str) -> str:
        """Return the noun for what the operation is about."""
        found = _NOUNS_OF_KEYS.get(self.key) or _NOUNS.get(self.tool.group)
        if found is None and self.tool.group == "people":
            found = _NOUNS_OF_KEYS["find_group"]
        return titled(found.said(language) if found else text(groups[self.tool.group]["title"], language), language)

    @property
    def fields(self) -> dict[str, Input]:
        """The inputs of its form: those of the tool, or the value to search for."""
        if self.search.how != NAMED:
            return in_order(inputs_of(self.tool))
        listed = next(iter(self.entries.values())).items
        assert listed is not None  # noqa: S101
        assert listed.fields is not None  # noqa: S101
        searched = listed.fields[self.search.by]
        title = phrase("E-mail address") if self.search.by == "email" else phrase("Name")
        return {
            self.search.by: Input(
                type="string", title=title, description=searched.description, required=True, place="local"
            )
        }

    @property
    def entries(self) -> dict[str, Any]:
        """The output with the list that a search reads."""
        found = {name: output for name, output in self.tool.spec.outputs.items() if output.type == "array"}
        name = next(iter(found))
        return {name: found[name]}


def titled(label: str, language: str) -> str:
    """Return a label in Zapier's style: in English in title case and without articles."""
    return title_case(sentence_case(label)) if language == SOURCE_LANGUAGE else label


def operations(tools: Iterable[Tool]) -> list[Operation]:
    """Return the operations for tools; all tools of plugins are included."""
    shown = {tool.id: tool for tool in tools if runs_in_javascript(tool)}
    made = [Operation(CREATE, key_of(shown[name]), shown[name], Search(name)) for name in CREATES if name in shown]
    made += [
        Operation(SEARCH, key, shown[search.tool], search) for key, search in SEARCHES.items() if search.tool in shown
    ]
    return made + [
        Operation(CREATE if tool.operation == "mutation" else SEARCH, key_of(tool), tool, Search(tool.id))
        for tool in shown.values()
        if tool.plugin
    ]
