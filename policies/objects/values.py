"""Reading objects that may hold anything: null where a map belongs, text where a list does, a value not known yet.

A `View` is a place in an object. It reads as the Kubernetes API does (null is absent), and where it cannot read it
says which of two things is the matter: the value is not known before the update (`UndeterminedError`), or it is no
such thing (`MalformedError`). Neither can be mistaken for "not set", which is how rules are got around.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")

_new: Final = object.__new__
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class UndeterminedError(Exception):
    """A rule asked for a value that is only known after the update; `path` is where."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path or 'the object'} is not known before the update")
        self.path = path


class MalformedError(Exception):
    """A rule met something of another type than the field has; `path` is where."""

    def __init__(self, path: str, found: object, wanted: str) -> None:
        self.found = f"{_kind_of(found)} where {wanted} belongs"
        super().__init__(f"{path or 'the object'} is {self.found}")
        self.path = path


class Unknown:
    """A value that is only known after the update. Any use of it raises, so that no rule takes it for a value."""

    __slots__ = ("path",)
    __hash__ = None  # type: ignore[assignment]  # a set or a dict key would decide by it

    def __init__(self, path: str) -> None:
        self.path = path

    def _refuse(self, *_: object) -> NoReturn:
        raise UndeterminedError(self.path)

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __str__ = __int__ = __float__ = _refuse

    def __repr__(self) -> str:
        return f"Unknown({self.path!r})"


def step(path: str, key: str | int) -> str:
    """`path` and one step further: `spec.containers[0]`, `metadata.labels["a.b/c"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        shown = key if len(key) <= 80 else f"{key[:77]}..."
        return f'{path}["{shown}"]'
    return f"{path}.{key}" if path else key


class View:
    """A place in an object: its value and its path.

    Rules look at fifty places for one they report, so a path is put together when somebody asks for it.
    """

    __slots__ = ("_above", "_path", "key", "value")
    _above: "View"
    key: str | int
    """The field, or the number of the item, it stands in; "" where the reading began."""

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.key = ""
        self._path: str | None = path

    def below(self, key: str | int, value: Any) -> "View":
        """The place `key` right below, where `value` is written."""
        place = _new(View)
        place.value, place._path, place._above, place.key = value, None, self, key
        return place

    @property
    def path(self) -> str:
        """`spec.containers[0].image`."""
        if self._path is None:
            keys: list[str | int] = []
            place = self
            while place._path is None:
                keys.append(place.key)
                place = place._above
            path = place._path
            for key in reversed(keys):
                path = step(path, key)
            self._path = path
        return self._path

    def __repr__(self) -> str:
        return f"View({self.path!r})"

    def __getitem__(self, key: str) -> "View":
        """The place `key` below; an absent one where nothing is written. Raises as the class says."""
        value = self.value
        place = _new(View)
        # A mapping nearly always, and this is what rules do most: what `_mapping` does otherwise.
        place.value = value.get(key) if type(value) is dict else self._mapping().get(key)
        place._path, place._above, place.key = None, self, key
        return place

    def at(self, *keys: str) -> "View":
        """The place `keys` further down."""
        place = self
        for key in keys:
            place = place[key]
        return place

    def __iter__(self) -> Iterator["View"]:
        """The items of a list; none of an absent one."""
        if self.value is None:
            return
        self._known()
        if not isinstance(self.value, list):
            raise MalformedError(self.path, self.value, "a list")
        for index, item in enumerate(self.value):
            yield self.below(index, item)

    def entries(self) -> Iterator[tuple[str, "View"]]:
        """The entries of a mapping; none of an absent one."""
        for key, value in self._mapping().items():
            name = str(key)
            yield name, self.below(name, value)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of a mapping whose values are not null."""
        return tuple(str(key) for key, value in self._mapping().items() if value is not None)

    @property
    def is_set(self) -> bool:
        """Whether anything but null is written here; a value that is not known yet counts."""
        return self.value is not None

    @property
    def is_known(self) -> bool:
        """Whether the value is known now; absent is known."""
        return not isinstance(self.value, Unknown)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing here, or an empty list or mapping."""
        self._known()
        return self.value is None or (isinstance(self.value, list | dict) and not self.value)

    @property
    def text(self) -> str | None:
        """The text, or None."""
        return self._of(str, "text")

    @property
    def word(self) -> str:
        """The text; "" where nothing is written."""
        return self.text or ""

    @property
    def flag(self) -> bool | None:
        """True, false, or None."""
        return self._of(bool, "true or false")

    @property
    def number(self) -> float | None:
        """The number, or None. Text is no number."""
        if isinstance(self.value, bool):
            raise MalformedError(self.path, self.value, "a number")
        if isinstance(self.value, int):
            return self.value
        return self._of(float, "a number")

    @property
    def quantity(self) -> str | None:
        """Text or a number as text (`cpu: 1`), or None."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return f"{self.value:g}" if isinstance(self.value, float) else _digits(self.value, self.path)
        return self.text

    @property
    def words(self) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(item.text or "" for item in self)

    def _known(self) -> None:
        if isinstance(self.value, Unknown):
            raise UndeterminedError(self.path)

    def _mapping(self) -> dict[Any, Any]:
        if self.value is None:
            return {}
        self._known()
        if not isinstance(self.value, dict):
            raise MalformedError(self.path, self.value, "a mapping")
        return self.value

    def _of(self, kind: type[T], wanted: str) -> T | None:
        if self.value is None:
            return None
        self._known()
        if not isinstance(self.value, kind):
            raise MalformedError(self.path, self.value, wanted)
        return self.value


ABSENT: Final = View(None)
"""Nowhere: reads as nothing."""


def _digits(number: int, path: str) -> str:
    if number.bit_length() > 256:  # str() of a long integer is quadratic, and refused beyond 4,300 digits
        raise MalformedError(path, number, "a number of a sane size")
    return str(number)


def _kind_of(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
