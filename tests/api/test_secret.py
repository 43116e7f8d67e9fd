"""A text that nothing shows: like pydantic's SecretStr, which is taken wherever ours is."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from hex_blocks.api.connection import Connection
from hex_blocks.api.secret import Secret, revealed
from hex_blocks.hosts.builders.connecting import connection_of
from hex_blocks.hosts.engines.clients import client_for
from hex_blocks.run import with_secret_token
from tests.conftest import TOKEN


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, "{!a}".format])
def test_it_is_shown_as_asterisks(show: Any) -> None:
    assert TOKEN not in show(Secret(TOKEN))
    assert "*****" in show(Secret(TOKEN))
    assert "*****" not in show(Secret(""))


def test_neither_a_log_nor_a_traceback_with_variables_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    def fail(token: Secret) -> None:
        logging.getLogger("tests").error("the token is %s of %r", token, {"token": token})
        raise ValueError(token)

    with pytest.raises(ValueError, match=r"\*") as raised:
        fail(Secret(TOKEN))

    shown = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())
    assert "token = Secret(" in shown
    assert TOKEN not in shown + caplog.text


def test_two_with_one_text_are_equal() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"
    assert not Secret("")
    assert pickle.loads(pickle.dumps(Secret("a"))) == copy.deepcopy(Secret("a")) == Secret("a")


@pytest.mark.parametrize("given", [Secret(TOKEN), SecretStr(TOKEN), TOKEN])
def test_ours_and_that_of_pydantic_are_revealed(given: Any) -> None:
    assert revealed(given) == TOKEN


@pytest.mark.parametrize("kind", [Secret, SecretStr, str])
def test_both_are_taken_as_a_token(kind: Any) -> None:
    from_call = with_secret_token({"apiKey": kind(TOKEN)})["apiKey"]
    connections = [Connection(kind(TOKEN)), connection_of(kind(TOKEN)), client_for(kind(TOKEN)).connection]

    assert from_call == Secret(TOKEN)
    assert [each._token for each in connections] == [Secret(TOKEN)] * 3
