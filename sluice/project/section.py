"""What every section of project.yaml is: closed, strict, frozen."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

#: Projects and environments: part of addresses, therefore never renamed.
NAME_PATTERN = r"^[a-z][a-z0-9-]{1,39}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _label_text(value: object) -> object:
    if isinstance(value, bool | int):
        return str(int(value))
    return value


#: A class as text: integers print without a decimal point, booleans are "0" and "1".
ClassLabel = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    BeforeValidator(_label_text, json_schema_input_type=str | int | bool),
]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """Unknown keys are errors, nothing is coerced, NaN and infinities are refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )
