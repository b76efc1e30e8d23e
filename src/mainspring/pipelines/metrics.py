"""The result of a step that measures: named numbers, which are logged as the metrics of its run."""

import math

__all__ = ["Metrics"]


class Metrics(dict[str, float]):
    """Named numbers: `Metrics(mae=12.5)` or `Metrics({"mae": 12.5})`; raises TypeError for what is not a number."""

    def __init__(self, values: dict[str, float] | None = None, /, **named: float) -> None:
        super().__init__({name: _number(name, value) for name, value in {**(values or {}), **named}.items()})

    def finite(self) -> dict[str, float | None]:
        """The numbers with None for those that are not finite, as they are logged."""
        return {name: value if math.isfinite(value) else None for name, value in self.items()}


def _number(name: str, value: object) -> float:
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"metric '{name}' is {type(value).__name__}, not a number")
    return float(value)
