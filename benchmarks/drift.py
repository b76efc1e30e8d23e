"""Drift: cost of a verdict on 1,000,000 rows by 30 columns beside reading the file, false alarms and power at 5,000 rows.

python benchmarks/drift.py [--rows 1000000] [--pairs 100]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from mainspring.domain.reference import Reference
from mainspring.domain.window import Test
from mainspring.stats import drift, reference
from mainspring.stats.tally import tally

T = TypeVar("T")
SHAPES = ("normal", "lognormal", "uniform", "poisson3", "poisson200")
CARDINALITIES = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


def table(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Twenty columns of numbers of five shapes, ten of categories from 2 to 1,000 values."""
    draws: dict[str, Callable[[], np.ndarray]] = {
        "normal": lambda: rng.normal(size=rows),
        "lognormal": lambda: rng.lognormal(size=rows),
        "uniform": lambda: rng.uniform(size=rows),
        "poisson3": lambda: rng.poisson(3, size=rows).astype(float),
        "poisson200": lambda: rng.poisson(200, size=rows).astype(float),
    }
    made: dict[str, pl.Series] = {}
    for place in range(20):
        made[f"n{place}"] = pl.Series(draws[SHAPES[place % 5]]())
    for values in CARDINALITIES:
        made[f"c{values}"] = pl.Series(rng.integers(0, values, size=rows)).cast(pl.String)
    return pl.DataFrame(made)


def build(frame: pl.DataFrame) -> Reference:
    """The reference of rows taken as independent."""
    return reference.build(frame, np.zeros(frame.height), np.zeros(frame.height, dtype=np.int64))


def verdict(made: Reference, frame: pl.DataFrame) -> list[Test]:
    """The tests of one window at a level of 5 %."""
    counted = tally(made, frame, np.zeros(frame.height))
    return drift.look(made, [counted], subject="input", horizons=(1,), level=0.05, least_effect=0.0)


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """The result, CPU seconds and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def cost(rows: int) -> None:
    """Print what reading, a reference and a verdict cost."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "window.parquet"
        table(rng, rows).write_parquet(path)
        frame, floor, wall = timed(lambda: pl.read_parquet(path))
    print(f"{rows:,} rows x {frame.width} columns{'':12} CPU s   wall s   x floor")
    print(f"{'read the Parquet file (floor)':36}{floor:8.2f}{wall:9.2f}{1:9.1f}")
    made, spent, wall = timed(lambda: build(frame))
    print(f"{'reference, once':36}{spent:8.2f}{wall:9.2f}{spent / floor:9.1f}")
    _, spent, wall = timed(lambda: verdict(made, frame))
    print(f"{'counts and verdict':36}{spent:8.2f}{wall:9.2f}{spent / floor:9.1f}")
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def quality(pairs: int, rows: int) -> None:
    """Print false alarms and power at a level of 5 % for the whole table."""
    rng = np.random.default_rng(2)
    alarms, found = 0, {0.1: 0, 0.25: 0, 0.5: 0}
    for pair in range(pairs):
        made, now = build(table(rng, rows)), table(rng, rows)
        alarms += verdict(made, now)[0].alarm
        moved = f"n{pair % 20}"
        for size in found:
            deviation = float(np.std(now[moved].to_numpy()))
            worst = verdict(made, now.with_columns(pl.col(moved) + size * deviation))[0]
            found[size] += worst.alarm and worst.column == moved
    print(f"\n{pairs} pairs of {rows:,} rows, level 5 % for all 30 columns")
    print(f"{'any column flagged, no drift':36}{alarms / pairs:8.1%}")
    for size, hits in found.items():
        print(f"{f'one column moved by {size} sd, found':36}{hits / pairs:8.1%}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=100)
    asked = parser.parse_args()
    cost(asked.rows)
    quality(asked.pairs, 5000)


if __name__ == "__main__":
    main()
