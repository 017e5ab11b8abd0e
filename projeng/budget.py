"""The budget check: how much of a project's money is spent, and from where on that is alarming."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# The first level whose share is reached counts; URGENT is the only one that must be exceeded.
URGENT_ABOVE = Decimal(100)
LEVELS = ((Decimal(95), "CRITICAL"), (Decimal(80), "WARNING"))


@dataclass(frozen=True)
class Budget:
    """What a project has cost so far (pesos) against what it may cost; without a budget there is no share."""

    spent: Decimal
    total: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """The share that is spent, in percent, exactly; ``None`` without a budget."""
        return self.spent * 100 / self.total if self.total else None

    @property
    def shown_percent(self) -> float | None:
        """The share with one decimal, for display."""
        return None if self.percent is None else float(self.percent.quantize(Decimal("0.1"), ROUND_HALF_UP))

    @property
    def remaining(self) -> Decimal | None:
        """What is left, in pesos; negative when overspent."""
        return self.total - self.spent if self.total else None

    @property
    def level(self) -> str:
        """``URGENT`` above 100 %, ``CRITICAL`` from 95 %, ``WARNING`` from 80 %, else empty."""
        if self.percent is None:
            return ""
        if self.percent > URGENT_ABOVE:
            return "URGENT"
        return next((name for least, name in LEVELS if self.percent >= least), "")
