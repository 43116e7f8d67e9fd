"""What the user is asked before a call: for inputs that are missing, and whether something may be changed or removed.

Only where the client can ask. Where it cannot, a call without what it needs is answered with what to send, and a
destructive one is announced by its annotations, for the client to ask about by its own means.

Protocols from 2026-07-28 on answer the call with questions, and get it again with the answers; older ones ask while
the call waits. What comes back is the client's word, as arguments are: it is checked like them and trusted no further.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.hosts.models.schemas import portable_inputs_of
from hex_blocks.hosts.models.toolbox import CALL_TOOL, Answer, Toolbox
from hex_blocks.hosts.models.understanding import as_mapping, put_inside, understood
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from mcp_types import CallToolRequestParams

    from hex_blocks.tools.tool import Tool

log = logging.getLogger(__name__)

MISSING, CONFIRM = "missing", "confirm"
# From this version on, questions are the answer to a call.
ANSWERED_WITH_QUESTIONS = "2026-07-28"
ASKABLE = ("string", "number", "integer", "boolean")
LONGEST_SHOWN = 300
# What a form may say of a field.
SHOWN: tuple[str, ...] = ("type", "description", "enum", "minimum", "maximum")

Wire = dict[str, Any]


class Question(NamedTuple):
    """A form for the user: its name here, what it says, and the schema of what is entered."""

    name: str
    message: str
    schema: Wire


class Settled(NamedTuple):
    """What came of asking: the arguments to call with; or instead an error, or questions that the client is to put."""

    arguments: Any
    error: Answer | None = None
    questions: Wire | None = None


async def ask_first(box: Toolbox, context: Any, params: CallToolRequestParams, arguments: Any) -> Settled:
    """Ask the user what has to be asked before a call."""
    if not can_ask(context):
        return Settled(arguments)
    by_answer = context.protocol_version >= ANSWERED_WITH_QUESTIONS
    answers = dict(params.input_responses or {}) if by_answer else {}
    arguments = _with_state(arguments, params.request_state) if by_answer else arguments
    while question := next_question(box, params.name, arguments):
        answer = answers.pop(question.name, None)
        if answer is None and by_answer:
            return Settled(arguments, questions=_questions(question, arguments))
        if answer is None:
            answer = await context.session.elicit_form(question.message, question.schema, context.request_id)
        entered = _entered(question, answer)
        if entered is None:
            key = "not_confirmed" if question.name == CONFIRM else "not_entered"
            return Settled(arguments, Answer(error=hex_error(key, name=params.name), language=box.language))
        if question.name == CONFIRM:
            break
        arguments = _filled(box, params.name, arguments, entered)
    return Settled(arguments)


def _entered(question: Question, answer: Any) -> Wire | None:
    """Return what the user has entered; None where the user refused, or left a part out."""
    content = getattr(answer, "content", None) or {}
    if getattr(answer, "action", None) != "accept":
        return None
    if question.name == CONFIRM:
        return content if content.get(CONFIRM) is True else None
    entered = {name: content.get(name) for name in question.schema["properties"]}
    return None if any(value in (None, "") for value in entered.values()) else entered


def can_ask(context: Any) -> bool:
    """Whether the client puts forms to its user. One that names no kind of question means forms."""
    capabilities = getattr(context.session, "client_capabilities", None)
    offered = capabilities.elicitation if capabilities else None
    if offered is None or (offered.form is None and offered.url is not None):
        return False
    return bool(context.protocol_version >= ANSWERED_WITH_QUESTIONS or context.session.can_send_request)


def next_question(box: Toolbox, name: str, arguments: Any) -> Question | None:
    """Return what to ask before a call; None where nothing is to be asked."""
    tool, given = _meant(box, name, arguments)
    if tool is None or given is None:
        return None
    schema = portable_inputs_of(tool, box.language)
    missing = [each for each in schema.get("required", []) if given.get(each) in (None, "")]
    if missing:
        parts = {each: schema["properties"][each] for each in missing}
        if not all(part.get("type") in ASKABLE for part in parts.values()):
            return None
        form = {each: _field(part, tool.spec.inputs[each].title, box.language) for each, part in parts.items()}
        message = text("{tool} needs more to go on.", box.language).format(tool=tool.title(box.language))
        return Question(MISSING, message, {"type": "object", "properties": form, "required": missing})
    if not box.hints(tool).destructive:
        return None
    return Question(CONFIRM, _about(tool, given, box.language), _yes(box.language))


def _meant(box: Toolbox, name: str, arguments: Any) -> tuple[Tool | None, Mapping[str, Any] | None]:
    """Return the tool that a call is of in the end, and its inputs as far as they can be read."""
    given = _read(box, name, arguments)
    if name != CALL_TOOL or given is None:
        return box.shown.get(name), given
    inner = str(given.get("name"))
    reached = box.registry[inner] if inner in box.registry and box.reaches(inner) else None
    return reached, as_mapping(given.get("arguments") or {})


def _read(box: Toolbox, name: str, arguments: Any) -> Mapping[str, Any] | None:
    """Read the arguments of a call as the call itself will; None where it will refuse them."""
    given = as_mapping(arguments or {})
    if given is None or name not in box.shown:
        return None
    try:
        given = understood(box.shown[name], given)
        return put_inside(box.shown[name], given, box.registry) if name == CALL_TOOL else given
    except HexError:
        log.debug("what is refused is not asked about", exc_info=True)
        return None


def _field(schema: Wire, title: str, language: str | None) -> Wire:
    return {key: schema[key] for key in SHOWN if key in schema} | {"title": text(title, language)}


def _about(tool: Tool, given: Mapping[str, Any], language: str | None) -> str:
    """Say what a call would do, with what; texts are cut and in quotes, since anybody may have written them."""
    said = json.dumps(
        {key: value for key, value in given.items() if value is not None}, ensure_ascii=False, default=str
    )
    shown = said if len(said) <= LONGEST_SHOWN else said[: LONGEST_SHOWN - 1] + "…"
    does = tool.description(language)
    asked = text("It changes or removes what is there already. Carry it out?", language)
    return f"{tool.title(language)}: {does}\n{shown}\n{asked}"


def _yes(language: str | None) -> Wire:
    field = {"type": "boolean", "title": text("Carry it out", language), "default": False}
    return {"type": "object", "properties": {CONFIRM: field}, "required": [CONFIRM]}


def _filled(box: Toolbox, name: str, arguments: Any, entered: Mapping[str, Any]) -> Wire:
    """Return arguments with what was entered."""
    given = dict(_read(box, name, arguments) or {})
    if name == CALL_TOOL:
        return given | {"arguments": {**(as_mapping(given.get("arguments") or {}) or {}), **entered}}
    return given | dict(entered)


def _questions(question: Question, arguments: Any) -> Wire:
    form = {"mode": "form", "message": question.message, "requestedSchema": question.schema}
    return {
        "resultType": "input_required",
        "inputRequests": {question.name: {"method": "elicitation/create", "params": form}},
        # What has been entered so far comes back with the next answers.
        "requestState": json.dumps({"arguments": arguments}, ensure_ascii=True, default=str),
    }


def _with_state(arguments: Any, state: str | None) -> Any:
    """Return the arguments that an earlier round has filled; those of the call where there is no such state."""
    if not state:
        return arguments
    try:
        kept = json.loads(state)
    except (ValueError, RecursionError):
        log.info("a client sent a state that is not one of ours")
        return arguments
    return kept["arguments"] if isinstance(kept, dict) and "arguments" in kept else arguments
