"""Elicitation: asking the user for missing inputs, and for confirmation before a destructive call.

Only clients that support elicitation are asked. For other clients, a call with missing inputs gets an error that names
them, and the annotations of a destructive tool let the client ask for confirmation in its own way.

From protocol version 2026-07-28 on, the result of a call can be questions, and the client calls again with the
answers. Older versions ask while the call waits. Answers are checked like arguments, because they too come from the
client and are not trusted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.hosts.models.schemas import portable_inputs_of
from hex_blocks.hosts.models.toolbox import CALL_TOOL, Answer, Toolbox
from hex_blocks.hosts.models.understanding import as_mapping, match_names, nest_arguments
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from mcp_types import CallToolRequestParams

    from hex_blocks.tools.tool import Tool

log = logging.getLogger(__name__)

MISSING, CONFIRM = "missing", "confirm"
# The first protocol version in which the result of a call can be questions.
QUESTIONS_IN_RESULT = "2026-07-28"
FORM_TYPES = ("string", "number", "integer", "boolean")
MAX_SHOWN_CHARACTERS = 300
# The keywords that a field of a form may have.
FIELD_KEYWORDS: tuple[str, ...] = ("type", "description", "enum", "minimum", "maximum")

Wire = dict[str, Any]


class Question(NamedTuple):
    """A form for the user.

    Attributes:
        name: MISSING or CONFIRM.
        message: The text above the form.
        schema: The JSON schema of the form's fields.
    """

    name: str
    message: str
    schema: Wire


class Elicitation(NamedTuple):
    """The result of asking: the arguments to call with, or else an error, or a result with questions for the client."""

    arguments: Any
    error: Answer | None = None
    questions: Wire | None = None


async def elicit_inputs(box: Toolbox, context: Any, params: CallToolRequestParams, arguments: Any) -> Elicitation:
    """Ask the user for missing inputs and for confirmation, and return the arguments to call the tool with.

    Args:
        box: The tools of the server.
        context: The SDK's context of the request.
        params: The parameters of the call, with the answers of an earlier round if there was one.
        arguments: The arguments of the call.
    """
    if not can_ask(context):
        return Elicitation(arguments)
    in_result = context.protocol_version >= QUESTIONS_IN_RESULT
    answers = dict(params.input_responses or {}) if in_result else {}
    arguments = _with_state(arguments, params.request_state) if in_result else arguments
    while question := next_question(box, params.name, arguments):
        answer = answers.pop(question.name, None)
        if answer is None and in_result:
            return Elicitation(arguments, questions=_questions(question, arguments))
        if answer is None:
            answer = await context.session.elicit_form(question.message, question.schema, context.request_id)
        entered = _entered(question, answer)
        if entered is None:
            key = "not_confirmed" if question.name == CONFIRM else "not_entered"
            return Elicitation(arguments, Answer(error=hex_error(key, name=params.name), language=box.language))
        if question.name == CONFIRM:
            break
        arguments = _with_entered(box, params.name, arguments, entered)
    return Elicitation(arguments)


def _entered(question: Question, answer: Any) -> Wire | None:
    """Return what the user entered; None if the user refused or left a field empty."""
    content = getattr(answer, "content", None) or {}
    if getattr(answer, "action", None) != "accept":
        return None
    if question.name == CONFIRM:
        return content if content.get(CONFIRM) is True else None
    entered = {name: content.get(name) for name in question.schema["properties"]}
    return None if any(value in (None, "") for value in entered.values()) else entered


def can_ask(context: Any) -> bool:
    """Return whether the client can show forms to its user.

    A client that names no mode of elicitation supports forms.
    """
    capabilities = getattr(context.session, "client_capabilities", None)
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return bool(context.protocol_version >= QUESTIONS_IN_RESULT or context.session.can_send_request)


def next_question(box: Toolbox, name: str, arguments: Any) -> Question | None:
    """Return the next question to ask before a call; None if there is nothing to ask."""
    tool, given = _called_tool(box, name, arguments)
    if tool is None or given is None:
        return None
    schema = portable_inputs_of(tool, box.language)
    missing = [each for each in schema.get("required", []) if given.get(each) in (None, "")]
    if missing:
        parts = {each: schema["properties"][each] for each in missing}
        if not all(part.get("type") in FORM_TYPES for part in parts.values()):
            return None
        form = {each: _field(part, tool.spec.inputs[each].title, box.language) for each, part in parts.items()}
        message = text("{tool} needs more inputs.", box.language).format(tool=tool.title(box.language))
        return Question(MISSING, message, {"type": "object", "properties": form, "required": missing})
    if not box.hints(tool).destructive:
        return None
    return Question(CONFIRM, _confirmation_text(tool, given, box.language), _confirmation_form(box.language))


def _called_tool(box: Toolbox, name: str, arguments: Any) -> tuple[Tool | None, Mapping[str, Any] | None]:
    """Return the tool that a call runs, through hex_call_tool too, and its inputs; None for what cannot be read."""
    given = _read(box, name, arguments)
    if name != CALL_TOOL or given is None:
        return box.shown.get(name), given
    inner = str(given.get("name"))
    reached = box.registry[inner] if inner in box.registry and box.can_call(inner) else None
    return reached, as_mapping(given.get("arguments") or {})


def _read(box: Toolbox, name: str, arguments: Any) -> Mapping[str, Any] | None:
    """Return the arguments of a call as the call itself will read them; None if it will refuse them."""
    given = as_mapping(arguments or {})
    if given is None or name not in box.shown:
        return None
    try:
        given = match_names(box.shown[name], given)
        return nest_arguments(box.shown[name], given, box.registry) if name == CALL_TOOL else given
    except HexError:
        log.debug("not asking about a call that will be refused", exc_info=True)
        return None


def _field(schema: Wire, title: str, language: str | None) -> Wire:
    return {key: schema[key] for key in FIELD_KEYWORDS if key in schema} | {"title": text(title, language)}


def _confirmation_text(tool: Tool, given: Mapping[str, Any], language: str | None) -> str:
    """Return what a call would do and with which inputs. These are cut and quoted, since their source is unknown."""
    inputs = json.dumps(
        {key: value for key, value in given.items() if value is not None}, ensure_ascii=False, default=str
    )
    shown = inputs if len(inputs) <= MAX_SHOWN_CHARACTERS else inputs[: MAX_SHOWN_CHARACTERS - 1] + "…"
    question = text("It changes or removes what is there already. Carry it out?", language)
    return f"{tool.title(language)}: {tool.description(language)}\n{shown}\n{question}"


def _confirmation_form(language: str | None) -> Wire:
    field = {"type": "boolean", "title": text("Carry it out", language), "default": False}
    return {"type": "object", "properties": {CONFIRM: field}, "required": [CONFIRM]}


def _with_entered(box: Toolbox, name: str, arguments: Any, entered: Mapping[str, Any]) -> Wire:
    """Return the arguments of a call with the inputs that the user entered."""
    given = dict(_read(box, name, arguments) or {})
    if name == CALL_TOOL:
        return given | {"arguments": {**(as_mapping(given.get("arguments") or {}) or {}), **entered}}
    return given | dict(entered)


def _questions(question: Question, arguments: Any) -> Wire:
    form = {"mode": "form", "message": question.message, "requestedSchema": question.schema}
    return {
        "resultType": "input_required",
        "inputRequests": {question.name: {"method": "elicitation/create", "params": form}},
        # The client sends this back with the answers, so that inputs from earlier rounds are kept.
        "requestState": json.dumps({"arguments": arguments}, ensure_ascii=True, default=str),
    }


def _with_state(arguments: Any, state: str | None) -> Any:
    """Return the arguments of an earlier round, read from its state; those of the call if there is no valid state."""
    if not state:
        return arguments
    try:
        document = json.loads(state)
    except (ValueError, RecursionError):
        log.info("a client sent a request state that this server did not write")
        return arguments
    return document["arguments"] if isinstance(document, dict) and "arguments" in document else arguments
