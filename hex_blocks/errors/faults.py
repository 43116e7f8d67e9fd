"""The table of what can be wrong with an input: a sentence per key. Keys never change."""

from __future__ import annotations

from hex_blocks.i18n.plurals import Plural

# Every sentence can use `input`.
FAULTS = {
    "missing": "{input} is required.",
    "unknown": "{input} is not an input of this tool.",
    "unknown_guess": "{input} is not an input of this tool. Did you mean {guess}?",
    "found_by": "{tool} finds {input}.",
    "takes": "{input} takes {names}.",
    "takes_nothing": "{input} takes no inputs.",
    "not_string": "{input} must be text, not {found}.",
    "half_character": "{input} holds half of a character, which cannot be sent: {found}.",
    "not_integer": "{input} must be a whole number, not {found}.",
    "not_number": "{input} must be a number, not {found}.",
    "not_boolean": "{input} must be true or false, not {found}.",
    "not_object": "{input} must be an object, not {found}.",
    "not_array": "{input} must be a list, not {found}.",
    "not_allowed": "{input} must be one of {allowed}, not {found}.",
    "too_small": "{input} must be at least {limit}, not {found}.",
    "too_large": "{input} must be at most {limit}, not {found}.",
    "too_short": "{input} must have at least {size}.",
    "too_long": "{input} must have at most {size}.",
    "not_uuid": "{input} must be an ID such as 5a8591dd-4039-49df-9202-96385ba3eff8, not {found}.",
    "address_of_other": "{input} is the address of {other}, which does not hold the ID that is due here.",
    "address_of_app": "{input} is the address of a published app, whose last part is not the project's ID; take the "
    "part after /hex/ in the address of its notebook, or find it by its title with hex_find_project.",
    "not_json": "{input} cannot be written as JSON: it is {found}.",
    "no_project_named": "{input} is {found}, and no project fits. {reason}",
    "several_projects": "{input} is {found}, and several projects fit: {named}. Give the ID of one.",
    "name_not_text": "{input} has a name that is not text: {found}.",
    "goes_inside": "{input} goes inside arguments.",
    "not_email": "{input} must be an e-mail address, not {found}.",
    "not_date_time": "{input} must be a date and time such as 2026-01-31T08:00:00Z, not {found}.",
    "not_uri": "{input} must be a web address, not {found}.",
    "bad_json": "{input} is not valid JSON: {problem} at line {line}, column {column}.",
    "json_not_object": "{input} must hold a JSON object, not {found}.",
    "json_too_deep": "{input} is nested too deeply.",
    "file_unreadable": "{input} cannot be read: {reason}.",
    "not_base64": "{input} is not base64.",
    "not_together": "Give only one of {input}.",
    "only_together": "Give all of {input}, or none.",
    "one_of": "Give {input}: one of them is required.",
    "taken": "{input} is {found}, which is already used.",
    "too_many_sets": "{input} gives {found} sets; the maximum is {limit}.",
    "no_such_outcome": "{input} names {found}, which no earlier step gives; there are {known}.",
    "no_earlier_run": "{input} skips {found}, which a later step names; no earlier call with this key has run it.",
    "not_our_cursor": "{input} is not a cursor of this tool.",
    "no_such_chart": "{input} is {found}, which is not a chart of this project. Charts: {known}.",
    "no_such_parameter_near": "{input} is not an input of the project. Did you mean {near}?",
    "no_such_parameter": "{input} is not an input of the project. Its inputs: {known}.",
    "not_settable": "{input} cannot be set in a run: it is of kind {kind}.",
    "more": Plural(
        "There is {count} more error of this kind in {input}.", "There are {count} more errors of this kind in {input}."
    ),
    "not_an_inputs_object": "Inputs must be an object of names and values, not {found}.",
}
