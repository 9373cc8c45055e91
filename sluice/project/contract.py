"""The data contract: which columns a dataset has, what each is for and what it may hold."""

from typing import Literal

from pydantic import Field

from sluice.project.section import ClassLabel, ColumnName, Section, Text

Role = Literal["feature", "target", "id", "time", "protected", "ignored"]
DType = Literal["number", "integer", "boolean", "string", "timestamp"]


class ProtectedUse(Section):
    """Permission for a protected column to be a model input, with the reason that an auditor reads."""

    reason: Text
    """Why the model may use what the law protects."""


class Column(Section):
    """One column. Only features reach a model; protected ones only with `use_as_feature`."""

    name: ColumnName
    """As in the file's header."""
    role: Role
    """Features are model inputs; protected columns are watched for bias; ignored ones are not read."""
    dtype: DType
    """number and integer are decimal text; boolean is true, false, 1 or 0; timestamp is ISO 8601."""
    nullable: bool = False
    """An empty cell is a missing value."""
    minimum: float | None = None
    """The smallest number that is possible."""
    maximum: float | None = None
    """The largest number that is possible."""
    categories: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=1000)
    """The only values a string column may hold."""
    personal: bool = False
    """Kept with predictions under a key of the person's own, which `sluice forget` deletes."""
    unique: bool = False
    """No value occurs twice. An id is unique anyway."""
    reason: Text | None = None
    """What an applicant is told when this feature counts against them."""
    change: Literal["never", "increase", "decrease"] | None = None
    """How a person can change it, for what-if answers: any way unless said; protected columns never."""
    note: Text | None = None
    """Why the column has this role, for the reader."""
    use_as_feature: ProtectedUse | None = None

    @property
    def is_feature(self) -> bool:
        return self.role == "feature" or self.use_as_feature is not None


class Contract(Section):
    """What a dataset must satisfy before anything is trained on it."""

    columns: tuple[Column, ...] = Field(min_length=2, max_length=2000)
    missing_values: tuple[str, ...] = Field(default=(), max_length=20)
    """Texts that mean missing in a data file, besides the empty cell ("NA", "?")."""
    minimum_rows: int = Field(default=100, ge=20)
    """A file with fewer is refused."""
    size_limit_mb: int = Field(default=100, ge=1, le=5000)
    """A larger upload is refused before it is downloaded."""

    @property
    def features(self) -> tuple[Column, ...]:
        """The model's inputs, in the order of the contract."""
        return tuple(column for column in self.columns if column.is_feature)

    @property
    def protected(self) -> tuple[Column, ...]:
        return self.with_role("protected")

    def with_role(self, role: Role) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role == role)

    def column(self, name: str) -> Column:
        """The column of that name. KeyError when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class Target(Section):
    """What is predicted."""

    name: ColumnName
    """The column with role target."""
    positive: ClassLabel | None = None
    """Binary tasks: the class whose probability the threshold is applied to, as text ("1", "yes")."""
    adverse: ClassLabel | None = Field(default_factory=lambda data: data["positive"])
    """The class that is bad for the person scored; the positive one unless said otherwise."""
