"""Forms with files, as browsers and HTTP clients send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import cast


@dataclass
class Form:
    """What a form holds: texts by their names, and the contents of its files."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)


class NotAFormError(Exception):
    """The content type is not that of a form with files."""


def read_form(content_type: str, body: bytes) -> Form:
    """Read a form with files. Its body has the syntax of an e-mail with attachments (RFC 7578, section 4).

    Raises:
        NotAFormError: The content type is another one, or names no boundary.
        ValueError: The body is not a form.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if message.get_content_type() != "multipart/form-data" or message.get_boundary() is None:
        raise NotAFormError(content_type)
    if message.defects or not message.is_multipart():
        raise ValueError("not a multipart body")
    form = Form()
    for part in cast("list[EmailMessage]", message.get_payload()):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise ValueError("a part has parts of its own")  # noqa: TRY004 - the fault of a body
        if part.get_filename() is not None:
            form.files.append(content)
        elif name := part.get_param("name", header="Content-Disposition"):
            form.fields.setdefault(str(name), content.decode(errors="replace"))
    return form
