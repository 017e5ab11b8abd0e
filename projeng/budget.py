"""The budget check: the share of a project's budget that is spent, and its alert level."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# The highest level whose threshold (percent) is reached applies. Only that of URGENT must be exceeded.
URGENT_ABOVE = Decimal(100)
LEVELS = ((Decimal(95), "CRITICAL"), (Decimal(80), "WARNING"))


@dataclass(frozen=True)
class Budget:
    """The costs of a project and its budget, in pesos. ``total`` is ``None`` for a project without a budget."""

    spent: Decimal
    total: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """The exact share of the budget that is spent, in percent; ``None`` without a budget."""
        return self.spent * 100 / self.total if self.total else None

    @property
    def shown_percent(self) -> float | None:
        """The share rounded to one decimal, for display."""
        return None if self.percent is None else float(self.percent.quantize(Decimal("0.1"), ROUND_HALF_UP))

    @property
    def remaining(self) -> Decimal | None:
        """The unspent rest of the budget, in pesos; negative when overspent, ``None`` without a budget."""
        return self.total - self.spent if self.total else None

    @property
    def level(self) -> str:
        """The alert level: ``URGENT`` above 100 %, ``CRITICAL`` from 95 %, ``WARNING`` from 80 %, else empty."""
        if self.percent is None:
            return ""
        if self.percent > URGENT_ABOVE:
            return "URGENT"
        return next((name for least, name in LEVELS if self.percent >= least), "")
