"""The 23 barangays of Tagum City, with the middle of each, and the box that the city lies in."""

from decimal import Decimal
from typing import NamedTuple


class Place(NamedTuple):
    """A point in degrees (WGS 84)."""

    latitude: Decimal
    longitude: Decimal


def _place(latitude: str, longitude: str) -> Place:
    return Place(Decimal(latitude), Decimal(longitude))


BARANGAYS: dict[str, Place] = {
    "Apokon": _place("7.4230", "125.8276"),
    "Bincungan": _place("7.3756", "125.7648"),
    "Busaon": _place("7.3435", "125.7515"),
    "Canocotan": _place("7.4120", "125.7743"),
    "Cuambogan": _place("7.4983", "125.7938"),
    "La Filipina": _place("7.4778", "125.8081"),
    "Liboganon": _place("7.3559", "125.7692"),
    "Madaum": _place("7.3860", "125.8109"),
    "Magdum": _place("7.4714", "125.8345"),
    "Magugpo East": _place("7.4510", "125.8218"),
    "Magugpo North": _place("7.4600", "125.8142"),
    "Magugpo Poblacion": _place("7.4477", "125.8068"),
    "Magugpo South": _place("7.4459", "125.7986"),
    "Magugpo West": _place("7.4581", "125.8039"),
    "Mankilam": _place("7.4639", "125.7769"),
    "New Balamban": _place("7.5003", "125.8442"),
    "Nueva Fuerza": _place("7.5018", "125.8158"),
    "Pagsabangan": _place("7.4855", "125.7595"),
    "Pandapan": _place("7.4864", "125.8682"),
    "San Agustin": _place("7.4974", "125.8284"),
    "San Isidro": _place("7.3867", "125.7824"),
    "San Miguel": _place("7.4367", "125.7710"),
    "Visayan Village": _place("7.4304", "125.8016"),
}

# A box around the outlines of all barangays, with about two kilometres to spare.
SOUTH_WEST = _place("7.30", "125.70")
NORTH_EAST = _place("7.56", "125.92")


def on_the_map(latitude: Decimal, longitude: Decimal) -> bool:
    """Whether a point (degrees) lies in the box around Tagum City."""
    return (
        SOUTH_WEST.latitude <= latitude <= NORTH_EAST.latitude
        and SOUTH_WEST.longitude <= longitude <= NORTH_EAST.longitude
    )
