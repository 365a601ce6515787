"""The demo's data files: suburbs, names, and what people say."""

import csv
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

import msgspec

from driveflow_desktop.demo.plan import Spot
from driveflow_desktop.kernel.resources import bundled

# About 400 m: houses stand around the middle of their suburb, and stay in it.
_SPREAD: Final = 3_600


@dataclass(frozen=True, slots=True)
class Culture:
    """Names that go together, and how common they are."""

    weight: int
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """How people and streets are called."""

    cultures: dict[str, Culture]
    other_scripts: tuple[str, ...]
    nicknames: tuple[str, ...]
    streets: tuple[str, ...]
    street_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What people say, by occasion."""

    student_notes: tuple[str, ...]
    booking_notes: tuple[str, ...]
    lesson_notes: tuple[str, ...]
    alerts: tuple[str, ...]
    cancel_student: tuple[str, ...]
    cancel_instructor: tuple[str, ...]
    cancel_admin: tuple[str, ...]
    vehicles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Suburb:
    """A suburb of Sydney with its middle, in microdegrees."""

    name: str
    lat: int
    lng: int

    def house(self, random: Random, street: str) -> Spot:
        """An address near its middle."""
        lat = self.lat + random.randint(-_SPREAD, _SPREAD)
        lng = self.lng + random.randint(-_SPREAD, _SPREAD)
        return Spot(f"{street}, {self.name}", self.name, lat, lng)


@cache
def names() -> Names:
    """The names."""
    return msgspec.json.decode((bundled("resources") / "demo" / "names.json").read_bytes(), type=Names)


@cache
def words() -> Words:
    """The words."""
    return msgspec.json.decode((bundled("resources") / "demo" / "words.json").read_bytes(), type=Words)


@cache
def suburbs() -> dict[str, Suburb]:
    """The suburbs by name."""
    with (bundled("resources") / "demo" / "suburbs.csv").open(encoding="utf-8", newline="") as file:
        rows = [Suburb(row["name"], _micro(row["lat"]), _micro(row["lng"])) for row in csv.DictReader(file)]
    return {suburb.name: suburb for suburb in rows}


def _micro(decimal: str) -> int:
    """Exact microdegrees of a decimal with six places."""
    whole, _, places = decimal.partition(".")
    size = int(whole.lstrip("-")) * 1_000_000 + int(places.ljust(6, "0"))
    return -size if whole.startswith("-") else size


def street(random: Random) -> str:
    """A house number and street."""
    known = names()
    return f"{random.randint(1, 198)} {random.choice(known.streets)} {random.choice(known.street_types)}"
