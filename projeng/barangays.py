"""The 23 barangays of Tagum City with their centres, and the bounding box of the city."""

from decimal import Decimal
from typing import NamedTuple


class Point(NamedTuple):
    """A point in degrees (WGS 84)."""

    latitude: Decimal
    longitude: Decimal


def _point(latitude: str, longitude: str) -> Point:
    return Point(Decimal(latitude), Decimal(longitude))


BARANGAYS: dict[str, Point] = {
    "Apokon": _point("7.4230", "125.8276"),
    "Bincungan": _point("7.3756", "125.7648"),
    "Busaon": _point("7.3435", "125.7515"),
    "Canocotan": _point("7.4120", "125.7743"),
    "Cuambogan": _point("7.4983", "125.7938"),
    "La Filipina": _point("7.4778", "125.8081"),
    "Liboganon": _point("7.3559", "125.7692"),
    "Madaum": _point("7.3860", "125.8109"),
    "Magdum": _point("7.4714", "125.8345"),
    "Magugpo East": _point("7.4510", "125.8218"),
    "Magugpo North": _point("7.4600", "125.8142"),
    "Magugpo Poblacion": _point("7.4477", "125.8068"),
    "Magugpo South": _point("7.4459", "125.7986"),
    "Magugpo West": _point("7.4581", "125.8039"),
    "Mankilam": _point("7.4639", "125.7769"),
    "New Balamban": _point("7.5003", "125.8442"),
    "Nueva Fuerza": _point("7.5018", "125.8158"),
    "Pagsabangan": _point("7.4855", "125.7595"),
    "Pandapan": _point("7.4864", "125.8682"),
    "San Agustin": _point("7.4974", "125.8284"),
    "San Isidro": _point("7.3867", "125.7824"),
    "San Miguel": _point("7.4367", "125.7710"),
    "Visayan Village": _point("7.4304", "125.8016"),
}

# The bounding box of all barangays, with a margin of about two kilometres.
SOUTH_WEST = _point("7.30", "125.70")
NORTH_EAST = _point("7.56", "125.92")


def in_city_bounds(latitude: Decimal, longitude: Decimal) -> bool:
    """Return whether a point (degrees) lies in the bounding box of Tagum City."""
    return (
        SOUTH_WEST.latitude <= latitude <= NORTH_EAST.latitude
        and SOUTH_WEST.longitude <= longitude <= NORTH_EAST.longitude
    )
