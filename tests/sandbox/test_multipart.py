"""Forms with files: read as whatever a client means by them, byte for byte."""

from __future__ import annotations

import pytest
import requests

from hex_blocks.sandbox.multipart import NotAFormError, read_form

ODD_FILES = [
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b"line\r\n\r\nline\n\rline\r\r\n",
    bytes(range(256)) * 100,
    b"x" * 8191 + b"\r\n" + b"y" * 8191 + b"\r",
    b"--boundary\r\n--",
    "Ünïcödé".encode(),
]


@pytest.mark.parametrize("content", ODD_FILES)
def test_a_file_is_read_byte_for_byte(content: bytes) -> None:
    files = {"file": ("model.zip", content, "application/zip")}
    sent = requests.Request("POST", "http://x", files=files, data={"dryRun": "true", "note": "ä"}).prepare()

    form = read_form(sent.headers["Content-Type"], sent.body or b"")  # type: ignore[arg-type]

    assert form.files == [content]
    assert form.fields == {"dryRun": "true", "note": "ä"}


def test_a_quoted_boundary_and_a_file_without_a_type_are_understood() -> None:
    body = b'--a b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nhello\r\n--a b--\r\n'

    assert read_form('multipart/form-data; boundary="a b"', body).files == [b"hello"]


@pytest.mark.parametrize("content_type", ["", "multipart/form-data", "application/json", "multipart/mixed; boundary=x"])
def test_what_is_no_form_is_told_from_one_that_is_broken(content_type: str) -> None:
    with pytest.raises(NotAFormError):
        read_form(content_type, b"--x--")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\ncut off',
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n",
    ],
)
def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="part"):
        read_form("multipart/form-data; boundary=x", body)
