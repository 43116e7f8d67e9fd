"""The table of warnings, which are returned with the outputs of a successful call. Keys never change."""

from __future__ import annotations

from hex_blocks.i18n.plurals import Plural

WARNINGS = {
    "inputs_unchecked": "The input parameters could not be checked before the start: {reason}",
    "inputs_not_on_app": "Hex ignores {names}: not on the published app.",
    "inputs_ignored": (
        "updatePublishedResults was given together with input parameters. Hex runs such a request with the "
        "project's default inputs, since the published results always show those."
    ),
    "update_cache_deprecated": (
        "updateCache is deprecated in Hex. It was sent as updatePublishedResults true and useCachedSqlResults "
        "false; use these two instead."
    ),
    "run_not_recorded": (
        "The run was started, but it could not be written to the record of runs, so it can only "
        "be found again with its projectId: {reason}"
    ),
    "list_cut": Plural(
        "The list is longer: reading stopped at {count} entry. Increase maxItems, or continue from the cursor.",
        "The list is longer: reading stopped at {count} entries. Increase maxItems, or continue from the cursor.",
    ),
    "list_incomplete": Plural(
        "Hex stopped answering after {count} entry: {reason} Go on from the cursor to read the rest.",
        "Hex stopped answering after {count} entries: {reason} Go on from the cursor to read the rest.",
    ),
    "record_unread": "The record of runs could not be read, so the run was searched for: {reason}",
    "start_recovered": (
        "Hex's answer to the start was lost on the way. The run was found in Hex's list and is followed; it was not "
        "started twice."
    ),
    "run_gone": "Run {runId} was active last time and no longer exists in Hex.",
    "project_unwatched": "The runs of project {projectId} could not be read; the others were. {reason}",
    "runs_left": Plural(
        "More runs are active: only {count} was handled. Increase maxRuns, or call again.",
        "More runs are active: only {count} were handled. Increase maxRuns, or call again.",
    ),
    "runs_not_cancelled": Plural(
        "{count} run could not be cancelled; see failed.", "{count} runs could not be cancelled; see failed."
    ),
    "chart_missing": "There is no image of {name}: {reason}",
    "table_missing": "There is no output of {name}: {reason}",
    "projects_unread": Plural(
        "Only the {count} newest project was searched. Increase maxProjects to search more.",
        "Only the {count} newest projects were searched. Increase maxProjects to search more.",
    ),
    "no_such_project": "There is no project with this ID: {reason}",
    "no_project_found": Plural(
        "The {count} project searched does not have this title.",
        "None of the {count} projects searched has this title.",
    ),
    "no_project_found_nearest": Plural(
        "The {count} project searched does not have this title. Most similar: {nearest}.",
        "None of the {count} projects searched has this title. Most similar: {nearest}.",
    ),
    "token_expires_soon": Plural(
        "The token expires in less than {hours} hour, at {moment}. Create a new one in Hex before then.",
        "The token expires in less than {hours} hours, at {moment}. Create a new one in Hex before then.",
        "hours",
    ),
    "token_owner_unknown": (
        "The token works, but Hex did not say whose it is, so its owner, kind and expiry are unknown. {reason}"
    ),
    "answer_unchanged": "The thread shows no new answer. The agent may have said the same again, or not begun yet.",
    "list_end_unknown": Plural(
        "Hex did not say whether the list goes on after this {count} entry, so there may be more.",
        "Hex did not say whether the list continues after these {count} entries, so there may be more.",
    ),
    "reply_incomplete": (
        "Hex's reply lacks fields that it should have: {fields}. They are null here; the rest is as Hex sent it."
    ),
    "reply_unread": (
        "Hex's reply has values of another type than expected: {fields}. What could not be read is null or left out "
        "here; the rest is as Hex sent it."
    ),
    "project_file_newer": (
        "The project's file has version {version} of Hex's format, which is newer than the one known here. "
        "Parts of it may be missing."
    ),
    "inputs_of_components": "The project imports components. Inputs that they bring are not in the project's file.",
    "nothing_ran": "This was a dry run: nothing was started, and there is no run with this runId.",
}
