"""An option that the commands about moves share."""

from argparse import ArgumentParser, ArgumentTypeError

from .. import moves
from ..moves import Move


def named_move(name: str) -> Move:
    """The move of this name, as an argument's type."""
    try:
        return moves.get(name)
    except KeyError:
        known = ", ".join(sorted(move.name for move in moves.all_moves()))
        raise ArgumentTypeError(f"there is no move {name!r}; there is {known}") from None


def add_move(parser: ArgumentParser, default: str | None = "transport") -> None:
    """Add ``--move NAME``, by default the transport."""
    help = "The move." if default is None else f"The move (default: {default})."
    parser.add_argument("--move", type=named_move, default=default, metavar="NAME", help=help)
