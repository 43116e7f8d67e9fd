"""The base of the classes that a spec consists of.

They are dataclasses. pydantic validates a spec file against them (see `reading`) and generates their JSON Schema. A
file that was validated before is read without pydantic, whose import takes longer than most calls of a tool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform

Class = TypeVar("Class")
AnyPart = TypeVar("AnyPart", bound="Part")
Reader = Callable[[Any], Any]

log = logging.getLogger(__name__)


class TextRule:
    """A constraint on text.

    Args:
        rule: Arguments of `pydantic_core.core_schema.str_schema`, such as `pattern` and `min_length`.
    """

    def __init__(self, **rule: Any) -> None:
        self.rule = rule

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        from pydantic_core.core_schema import str_schema

        return str_schema(**self.rule)


Text = Annotated[str, TextRule(min_length=1)]
Name = Annotated[str, TextRule(pattern=r"^[a-z][A-Za-z0-9]*$")]


def key(
    name: str | None = None,
    *,
    read: Reader | None = None,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    **constraints: Any,
) -> Any:
    """Return a field of a part.

    Args:
        name: Its key in the file, if that is not the name of the attribute.
        read: Returns its value for the JSON in the file, if that is not the JSON itself.
        default: Its value if the file does not have it.
        default_factory: Returns that value.
        constraints: What pydantic checks, and the description, as in `pydantic.Field`.
    """
    about = ({"alias": name} if name else {}) | ({"read": read} if read else {}) | constraints
    return field(default=default, default_factory=default_factory, metadata=about)


@dataclass_transform(eq_default=False, frozen_default=True, kw_only_default=True, field_specifiers=(key,))
def spec_part(cls: type[Class]) -> type[Class]:
    """Make a class a part of a spec: a dataclass whose values are given by name and do not change."""
    return dataclass(eq=False, repr=False, frozen=True, kw_only=True)(cls)


@spec_part
class Part:
    """The base of all parts of a spec. Unknown keys are errors."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the part for JSON, without validating it.

        Raises:
            Exception: The JSON is not valid; which exception it is depends on the fault.
        """
        readers = _readers_of(cls)
        values = {}
        for name, value in raw.items():
            attribute, read = readers[name]
            values[attribute] = value if read is None else read(value)
        return cls(**values)

    def replaced(self, **values: Any) -> Self:
        """Return a copy with other values, which are not checked."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **values)
        return copy


def read_checked(kind: type[AnyPart], raw: Any, validated: Callable[[], AnyPart]) -> AnyPart:
    """Return a part for JSON that was checked when it was written or loaded, without validating it again.

    Args:
        kind: The class of the part.
        raw: The JSON.
        validated: Returns the part, validated. It is called if the JSON cannot be read, to raise what is wrong with it.
    """
    try:
        return kind.from_json(raw)
    except Exception:
        log.debug("a %s is not valid", kind.__name__, exc_info=True)
    return validated()


def by_name(read: Reader) -> Reader:
    """Return a reader of an object whose values are read by another reader."""
    return lambda raw: {name: read(each) for name, each in raw.items()}


def listed(read: Reader) -> Reader:
    """Return a reader of a list whose entries are read by another reader."""
    return lambda raw: tuple(read(each) for each in raw)


def _readers(cls: type[Part]) -> dict[str, tuple[str, Reader | None]]:
    """Return the attribute and the reader of each key."""
    declared = fields(cls)
    return {each.metadata.get("alias", each.name): (each.name, each.metadata.get("read")) for each in declared}


# mypy takes the hash of a class for that of its objects.
_readers_of: Callable[[type[Part]], dict[str, tuple[str, Reader | None]]] = cache(_readers)  # type: ignore[assignment]
