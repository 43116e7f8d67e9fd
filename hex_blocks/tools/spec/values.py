"""The classes of inputs, outputs and their nested fields in a spec."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from hex_blocks.tools.spec.part import Name, Part, Text, by_name, key, spec_part

Type = Literal["string", "integer", "number", "boolean", "object", "array", "any"]
Format = Literal["uuid", "email", "date-time", "uri", "json-object", "image", "base64", "path"]
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "any": (object,),
}


@spec_part
class Value(Part):
    """What inputs, outputs and their nested fields have in common: a type, its limits and its texts."""

    type: Type
    description: Text
    title: Text | None = None
    nullable: bool = False
    enum: tuple[Text, ...] | None = key(default=None, read=tuple, description="The allowed values; never translated.")
    newer_values: tuple[Text, ...] = key(
        "newerValues", default=(), read=tuple, description="Those of enum that not every version of Hex's API has."
    )
    minimum: float | None = key(default=None, read=float)
    maximum: float | None = key(default=None, read=float)
    min_length: int | None = key("minLength", default=None, ge=0, description="Characters or entries.")
    max_length: int | None = key("maxLength", default=None, ge=1, description="Characters or entries.")
    format: Format | None = None
    newer: bool = key(default=False, description="Not in every version of Hex's API that is in use.")
    secret: bool = key(default=False, description="Never shown, logged or sent to a model.")
    example: Any = None

    def __post_init__(self) -> None:
        numeric = self.type in ("integer", "number")
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for integer and number, not {self.type}")
        if self.enum is not None and self.type != "string":
            raise ValueError(f"enum is for string, not {self.type}")
        if self.type not in ("string", "array") and (self.min_length is not None or self.max_length is not None):
            raise ValueError(f"minLength and maxLength are for string and array, not {self.type}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum is {self.minimum:g}, above the maximum, {self.maximum:g}")
        if self.example is not None and not fits(self.example, self.type):
            raise ValueError(f"example is {self.example!r}, which is not of type {self.type}")
        if not set(self.newer_values) <= set(self.enum or ()):
            raise ValueError("newerValues has a value that is not in enum")
        if self.enum and self.example is not None and self.example not in self.enum:
            raise ValueError(f"example is {self.example!r}; use one of {', '.join(self.enum)}")


@spec_part
class InputField(Value):
    """A nested field of an input: a field of an object, or the entries of an array."""

    required: bool = False
    null_means: Literal["not given", "null"] = key(
        "nullMeans",
        default="not given",
        description="null: an explicit null is sent to Hex, which then clears the value.",
    )
    default: Any = None
    fields: dict[Name, InputField] | None = key(
        default=None,
        read=by_name(lambda raw: InputField.from_json(raw)),
        description="The fields of an object; a free-form object has none.",
    )
    items: InputField | None = key(
        default=None, read=lambda raw: InputField.from_json(raw), description="The entries of an array."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_nesting(self)
        if self.null_means == "null" and not self.nullable:
            raise ValueError("nullMeans null is for nullable inputs")
        if self.default is not None:
            if not fits(self.default, self.type):
                raise ValueError(f"default is {self.default!r}, which is not of type {self.type}")
            if self.enum and self.default not in self.enum:
                raise ValueError(f"default is {self.default!r}; use one of {', '.join(self.enum)}")


@spec_part
class Input(InputField):
    """An input of a tool, and its place in the request."""

    # A field without a default: that of `Value` is not inherited.
    title: Text = key()
    place: Literal["path", "query", "body", "connection", "local"] = key(
        "in",
        description=(
            "path, query, body: a part of the request. connection: the token or base URL. "
            "local: read by the tool itself, never sent."
        ),
    )
    wire: str | None = key(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]*(\[\])?(\.[A-Za-z][A-Za-z0-9]*(\[\])?)*$",
        description=(
            "The name in Hex's request if it differs. In a body, a dotted path: `[]` after a name distributes a list "
            "over the entries of an array, and repeats a single value in each entry."
        ),
    )
    style: Literal["repeat", "comma"] = key(
        default="repeat", description="How a list is sent in a query: a=1&a=2, or a=1,2."
    )
    true_sends: Literal["null", "empty"] | None = key(
        "trueSends",
        default=None,
        description="For a boolean that clears a value: true sends null, or empty text, under its wire name.",
    )
    advanced: bool = key(default=False, description="Hosts may show it under advanced settings.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.style == "comma" and (self.place != "query" or self.type != "array"):
            raise ValueError("style is for arrays in a query")
        if self.null_means == "null" and self.place not in ("body", "local"):
            raise ValueError("nullMeans null is for inputs in the body")
        if self.null_means == "null" and not self.required:
            # In the strict schema, null means not given for every optional input.
            raise ValueError("nullMeans null is for required inputs; let a boolean with trueSends clear the others")
        if self.true_sends and (self.type != "boolean" or self.place != "body" or not self.wire):
            raise ValueError("trueSends is for a boolean in the body with a wire name")
        if self.wire and "[]" in self.wire and self.place != "body":
            raise ValueError("wire with [] is for inputs in the body")


@spec_part
class OutputField(Value):
    """A nested field of an output."""

    source: str | None = key(
        "from", default=None, description="Its dotted path in its parent, if that is not its name."
    )
    scale: float | None = key(
        default=None, read=float, description="The factor that a number from Hex is multiplied by."
    )
    required: bool = key(
        default=False,
        description="A reply without it is an error, and an entry of a list without it is reported as incomplete. "
        "The list that paging names is always required.",
    )
    words: tuple[Text, ...] | None = key(
        default=None, read=tuple, description="Texts that Hex can send instead of the number."
    )
    fields: dict[Name, OutputField] | None = key(default=None, read=by_name(lambda raw: OutputField.from_json(raw)))
    items: OutputField | None = key(default=None, read=lambda raw: OutputField.from_json(raw))

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_nesting(self)
        if self.scale is not None and self.type not in ("integer", "number"):
            raise ValueError("scale is for numbers")
        if self.required and self.nullable:
            raise ValueError("an output that is required is never null")
        if self.words is not None and self.type not in ("integer", "number"):
            raise ValueError("words is for numbers")


@spec_part
class Output(OutputField):
    """An output of a tool, and its source. Default: Hex's reply."""

    from_input: Name | None = key("fromInput", default=None, description="The input it repeats.")
    count_of: Name | None = key("countOf", default=None, description="The array output it counts.")
    constant: Any = key(default=None, description="Its value whenever Hex accepts the request.")

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [
            name
            for name, value in {
                "from": self.source,
                "fromInput": self.from_input,
                "countOf": self.count_of,
                "constant": self.constant,
            }.items()
            if value is not None
        ]
        if len(given) > 1:
            raise ValueError(f"an output has one source, not {' and '.join(given)}")


def fits(value: Any, type_: Type) -> bool:
    """Return whether a JSON value is of a type. A boolean is not a number."""
    if isinstance(value, bool):
        return type_ in ("boolean", "any")
    return isinstance(value, PYTHON_TYPES[type_])


def is_date_time(value: str) -> bool:
    """Return whether `value` is an ISO 8601 date and time with a time zone."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _check_nesting(value: InputField | OutputField) -> None:
    if value.fields is not None and value.type != "object":
        raise ValueError(f"fields are for object, not {value.type}")
    if value.items is not None and value.type != "array":
        raise ValueError(f"items is for array, not {value.type}")
