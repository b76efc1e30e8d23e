"""What adding a dataset version costs: 1,000,000 rows of 10 columns beside the floor of read, hash and write.

python benchmarks/data.py [--rows 1000000]

Each line is a process of its own, so that its peak memory is its own.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from mainspring import data
from mainspring.kernel.hashing import digest_file
from mainspring.workspace import create_workspace

CASES = {
    "start": "a process that has read nothing",
    "floor": "read Parquet, hash, write Parquet, hash",
    "first": "add, first version (schema inferred)",
    "append": "add the same size again (all rows profiled)",
    "again": "add rows that are there already",
    "csv": "add, first version, from CSV",
}


def main() -> None:
    """Print the table, or run one case for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--case", choices=sorted(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        run(options.case, options.folder)
        return
    print(f"{'what':<46}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(options.rows).write_parquet(folder / "a.parquet")
        make(options.rows, seed=2).write_parquet(folder / "b.parquet")
        make(options.rows).write_csv(folder / "a.csv")
        for case, what in CASES.items():
            command = [sys.executable, __file__, "--case", case, "--folder", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            wall, cpu, peak = done.stdout.split()
            print(f"{what:<46}{wall:>8}{cpu:>8}{peak:>10}")


def make(rows: int, *, seed: int = 1) -> pl.DataFrame:
    """Integers, floats, texts, a flag and a time, with some nulls."""
    rng = np.random.default_rng(seed)
    cities = np.array(["Rome", "Oslo", "Bonn", "Graz"])
    floats = {f"x{i}": rng.normal(100, 10, rows) for i in range(4)}
    frame = pl.DataFrame(
        {
            "at": np.datetime64("2013-01-01", "us") + np.arange(rows) * np.timedelta64(1_000_000, "us"),
            "n": rng.integers(0, 1000, rows),
            "m": rng.integers(0, 1_000_000, rows),
            "city": cities[rng.integers(0, 4, rows)],
            "code": rng.integers(0, 100_000, rows).astype(str),
            "ok": rng.random(rows) < 0.5,
            **floats,
        }
    )
    return frame.with_columns(pl.when(pl.col("n") > 50).then("x0").alias("x0"))


def run(case: str, folder: Path) -> None:
    """Prepare, then measure one case in this process."""
    ws = create_workspace(folder / f"{case}.ws")
    if case in ("append", "again"):
        data.add(ws, "t", folder / "a.parquet", event_time="at")
    wall, cpu = time.perf_counter(), time.process_time()
    match case:
        case "floor":
            digest_file(folder / "a.parquet")
            pl.read_parquet(folder / "a.parquet").write_parquet(folder / "floor.parquet", compression="zstd")
            digest_file(folder / "floor.parquet")
        case "first" | "again":
            data.add(ws, "t", folder / "a.parquet", event_time="at")
        case "append":
            data.add(ws, "t", folder / "b.parquet")
        case "csv":
            data.add(ws, "t", folder / "a.csv", event_time="at")
    # Not ru_maxrss, which begins at what the parent process had.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{time.perf_counter() - wall:.2f} {time.process_time() - cpu:.2f} {peak:.0f}")


if __name__ == "__main__":
    main()
