"""What a newcomer waits for: import, --help and one command, each a fresh process; and what an install brings.

python benchmarks/startup.py            # processes only
python benchmarks/startup.py --install  # also a fresh install of the core and of the demo extra
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUDGET_MS = 150
BUDGETS = {"core": (35, 420), "demo": (50, 1000)}


def measure(command: list[str], *, runs: int = 7) -> tuple[float, float]:
    """Minimum and median wall time of a command in milliseconds, after one warm-up."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append((time.perf_counter() - started) * 1000)
    return min(times[1:]), statistics.median(times[1:])


def install(extra: str) -> tuple[int, float]:
    """Distributions and megabytes that a fresh environment holds after the install, pip and setuptools left out."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        python = f"{folder}/bin/python"
        target = str(ROOT) if extra == "core" else f"{ROOT}[{extra}]"
        subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", target], check=True)
        listed = subprocess.run(
            [python, "-c", "import importlib.metadata as m; print(len(list(m.distributions())))"],
            check=True,
            capture_output=True,
            text=True,
        )
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file() and not file.is_symlink())
    return int(listed.stdout), size / 1e6


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="also install into fresh environments")
    arguments = parser.parse_args()
    python = sys.executable
    script = str(Path(python).with_name("mainspring"))
    print(f"{'command':<28}{'min ms':>9}{'median ms':>11}{'budget':>9}")
    for name, command, budget in (
        ("python -c pass", [python, "-c", "pass"], 0),
        ("import mainspring", [python, "-c", "import mainspring"], BUDGET_MS),
        ("mainspring --help", [script, "--help"], BUDGET_MS),
    ):
        least, median = measure(command)
        print(f"{name:<28}{least:>9.0f}{median:>11.0f}{budget or '':>9}")
    if arguments.install:
        print(f"\n{'install':<28}{'distributions':>15}{'at most':>9}{'MB':>9}{'at most':>9}")
        for extra, (most, most_mb) in BUDGETS.items():
            count, size_mb = install(extra)
            print(f"{extra:<28}{count:>15}{most:>9}{size_mb:>9.0f}{most_mb:>9}")


if __name__ == "__main__":
    main()
