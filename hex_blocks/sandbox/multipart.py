"""Parses multipart forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import cast


@dataclass
class Form:
    """The contents of a form: its text fields by name, and its files."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)


class NotAFormError(Exception):
    """The content type is not that of a multipart form."""


def read_form(content_type: str, body: bytes) -> Form:
    """Return a parsed multipart form. Its syntax is that of e-mail attachments (RFC 7578, section 4).

    Raises:
        NotAFormError: The content type is another one, or has no boundary.
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
