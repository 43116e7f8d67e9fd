"""Threads with Hex's agent, and their topics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hex_blocks.sandbox.model import ROLES, Project, Sharing, Thread, Topic, Turn, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.request import Json, OperationCall, timestamp
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, Number, Obj, Text

ANSWER_SECONDS = 5.0
CREDITS_PER_TURN = 0.5
# A prompt with this word fails, so that callers can test errors.
WORD_OF_FAILURE = "fail"
DAY = 86_400

ATTACHMENTS = Obj(
    {
        "dataConnectionId^": Text(),
        "tableIds": ListOf(Text()),
        "semanticDatasetIds": ListOf(Text()),
        "semanticViewIds": ListOf(Text()),
        "projectIds": ListOf(Text()),
    }
)
PROMPT: dict[str, Kind] = {"prompt*": Text(least=1), "attachments": ATTACHMENTS}
CREATE_BODY = Obj({**PROMPT, "previewId^": Text(), "projectId^": Text(), "newProject^": Flag(), "muted^": Flag()})
LIST_QUERY: dict[str, Kind] = {
    **paged(),
    "source": Text(choices=("HEX", "SLACK", "MCP", "PUBLIC_API")),
    "userId": Text(),
    "type": Text(choices=("THREADS", "NOTEBOOK", "MODELING")),
    "numDays": Number(least=1, whole=True),
    "hasFeedback": Flag(),
    "roles": ListOf(Text(choices=ROLES)),
    "warnings": ListOf(Text(choices=("DATA_LIMITATION", "USER_DOUBT", "MISSING_CONTEXT", "OTHER"))),
    "topicIds": ListOf(Text()),
    "resourceIds": ListOf(Text()),
}


@operation("CreateThread", "POST", "/threads", family="B", body=CREATE_BODY, missing=400, limits=("hex-run-kernel",))
def create_thread(call: OperationCall) -> Json:
    """Create a thread with a prompt. The answer follows some seconds later."""
    body = call.body
    project_id = body.get("projectId")
    if project_id is not None and body.get("newProject"):
        raise call.refusal("projectId and newProject cannot be given together")
    if project_id is not None:
        project_id = call.project(project_id).id
    elif body.get("newProject"):
        project_id = _new_project(call).id
    thread = Thread(
        id=call.world.new_id(),
        user_id=call.user.id if call.user else None,
        created_at=call.now,
        turns=[_turn(call)],
        project_id=project_id,
    )
    call.world.add(thread)
    return {
        "threadId": thread.id,
        "url": _url(call, thread),
        "createdAt": timestamp(thread.created_at),
        "projectId": project_id,
    }


def _new_project(call: OperationCall) -> Project:
    author = call.author
    return call.world.add(
        Project(
            id=call.world.new_id(),
            title=_title(call.body["prompt"]),
            creator_id=author.id,
            owner_id=author.id,
            created_at=call.now,
            last_edited_at=call.now,
            sharing=Sharing(workspace="NONE"),
        )
    )


@operation(
    "ContinueThread",
    "POST",
    "/threads/{id}/followup",
    family="B",
    body=Obj(PROMPT),
    missing=400,
    limits=("hex-run-kernel",),
)
def continue_thread(call: OperationCall) -> Json:
    """Add a prompt to a thread that is not running."""
    thread = _thread(call, "id")
    status = _status(thread, call.now)
    if status != "IDLE":
        raise call.refusal(f"Only an idle thread can be continued: this one is {status}")
    thread.turns.append(_turn(call))
    return {"threadId": thread.id, "url": _url(call, thread)}


def _turn(call: OperationCall) -> Turn:
    prompt = call.body["prompt"]
    return Turn(prompt, call.now, call.now + ANSWER_SECONDS, fails=WORD_OF_FAILURE in prompt.lower())


@operation("GetThread", "GET", "/threads/{id}", family="B", limits=("hex-api",))
def get_thread(call: OperationCall) -> Json:
    """Return a thread, with the agent's answer if there is one."""
    thread = _thread(call, "id")
    status = _status(thread, call.now)
    error = {"type": "AGENT_ERROR", "message": "The agent could not answer."}
    return {
        **_meta(call, thread),
        "threadId": thread.id,
        "status": status,
        "error": error if status == "ERROR" else None,
        "resources": _resources(call, thread),
        "response": _response(call, thread) if status == "IDLE" else None,
    }


@operation("ListThreads", "GET", "/threads", family="B", query=LIST_QUERY, limits=("hex-api",), role="MANAGER")
def list_threads(call: OperationCall) -> Json:
    """List the threads, newest first."""
    threads = [thread for thread in call.world.all(Thread) if _listed(call, thread)]
    found = call.page(threads, Sort("newest", lambda thread: thread.created_at, descending=True))
    return {
        "threads": [{**_meta(call, thread), "id": thread.id, "orgId": call.world.org_id} for thread in found.items],
        "pagination": found.pagination,
    }


def _listed(call: OperationCall, thread: Thread) -> bool:
    query = call.query
    user = call.world.get(User, thread.user_id)
    days = query["numDays"]
    tests = (
        _reaches(call, thread),
        query["source"] in (None, thread.source),
        query["userId"] in (None, thread.user_id),
        query["type"] in (None, thread.type),
        days is None or thread.created_at >= call.now - days * DAY,
        query["hasFeedback"] in (None, bool(thread.feedback)),
        not query["roles"] or (user is not None and user.role in query["roles"]),
        not query["warnings"] or any(warning["type"] in query["warnings"] for warning in thread.warnings),
        not query["resourceIds"] or thread.project_id in query["resourceIds"],
        not query["topicIds"] or any(id_ in thread.topic_ids for id_ in query["topicIds"]),
    )
    return all(tests)


def _reaches(call: OperationCall, thread: Thread) -> bool:
    """Return whether the caller may see a thread: admins see all, others their own and those of their projects."""
    if call.is_admin or (call.user and thread.user_id == call.user.id):
        return True
    project = call.world.get(Project, thread.project_id)
    return thread.type == "THREADS" and not thread.private and project is not None and call.access(project) > 0


@dataclass(frozen=True)
class Message:
    """A message of a thread."""

    order: int
    text: str
    at: float
    record: dict[str, Any]


@operation(
    "GetThreadMessages",
    "GET",
    "/threads/{threadId}/messages",
    family="B",
    query={**paged(50), "full": Flag()},
    limits=("hex-api",),
)
def get_thread_messages(call: OperationCall) -> Json:
    """Return the latest messages, oldest first. The cursor `before` selects earlier ones."""
    thread = _thread(call, "threadId")
    said: list[tuple[str, float, dict[str, Any]]] = []
    for turn in thread.turns:
        said.append((f"user: {turn.prompt}", turn.asked_at, {"role": "user", "text": turn.prompt}))
        if turn.ready_at <= call.now:
            answer = "[error] The agent could not answer." if turn.fails else f"assistant: {_answer(turn)}"
            said.append((answer, turn.ready_at, {"role": "assistant", "thinking": "", "toolCalls": []}))
    messages = [Message(order, *each) for order, each in enumerate(said)]
    found = call.page(messages, Sort(thread.id, lambda message: message.order), from_end=True)
    content = [
        {"type": "text", "text": text, "createdAt": timestamp(message.at)}
        for message in found.items
        for text in (message.text, *([json.dumps(message.record)] if call.query["full"] else []))
    ]
    return {"content": content, "pagination": found.pagination}


@operation("ListTopics", "GET", "/context/topics", family="B", query=paged(), limits=("hex-api",))
def list_topics(call: OperationCall) -> Json:
    """List the topics."""
    found = call.page(call.world.all(Topic), Sort("made", lambda topic: topic.order))
    topics = [{"id": topic.id, "name": topic.name} for topic in found.items]
    return {"topics": topics, "pagination": found.pagination}


def _thread(call: OperationCall, key: str) -> Thread:
    thread = call.find(Thread, call.path[key], "Thread")
    if not _reaches(call, thread):
        raise call.missing("Thread")
    return thread


def _status(thread: Thread, now: float) -> str:
    last = thread.turns[-1]
    if now < last.ready_at:
        return "RUNNING"
    return "ERROR" if last.fails else "IDLE"


def _title(prompt: str) -> str:
    return prompt if len(prompt) <= 60 else f"{prompt[:59]}…"


def _answer(turn: Turn) -> str:
    return f"The sandbox has no agent. It was asked: {turn.prompt}"


def _response(call: OperationCall, thread: Thread) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"type": "task", "title": "Read the prompt"},
        {"type": "text", "text": _answer(thread.turns[-1])},
    ]
    project = call.world.get(Project, thread.project_id)
    if project:
        parts.append({"type": "project", "id": project.id, "title": project.title})
        parts += [
            {"type": "cell", "id": cell.id, "staticId": cell.static_id, "label": cell.label}
            for cell in call.world.cells(project.id)[:1]
        ]
    return parts


def _resources(call: OperationCall, thread: Thread) -> list[dict[str, Any]]:
    project = call.world.get(Project, thread.project_id)
    return [{"id": project.id, "resourceType": "project", "name": project.title}] if project else []


def _url(call: OperationCall, thread: Thread) -> str:
    return f"{call.origin}/threads/{thread.id}"


def _meta(call: OperationCall, thread: Thread) -> dict[str, Any]:
    answered = [turn for turn in thread.turns if turn.ready_at <= call.now]
    topics = (call.world.get(Topic, id_) for id_ in thread.topic_ids)
    own = call.user is not None and call.user.id == thread.user_id
    title = thread.title or (_title(thread.turns[0].prompt) if answered else None)
    return {
        "title": None if thread.private and not own else title,
        "creditsUsed": len(answered) * CREDITS_PER_TURN if answered else None,
        "topics": [{"id": topic.id, "name": topic.name} for topic in topics if topic],
        "warnings": list(thread.warnings),
        "feedback": list(thread.feedback),
        "model": "sandbox",
        "auto": True,
        "effectiveModel": "sandbox" if answered else None,
        "effortLevel": "low" if answered else None,
        "userId": thread.user_id,
        "type": thread.type,
        "source": thread.source,
        "createdAt": timestamp(thread.created_at),
        "updatedAt": timestamp(answered[-1].ready_at if answered else thread.created_at),
        "sensitive": thread.private,
        "url": _url(call, thread),
    }
