"""What a pipeline costs beside its work: 20 trivial steps in a row, cold and cached; `--peers` runs DVC and Metaflow too.

python benchmarks/pipeline.py [--steps 20] [--peers]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from pathlib import Path

REPEATS = 3
PEERS = {"dvc": "dvc==3.67.1", "metaflow": "metaflow==2.19.39"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--peers", action="store_true", help="also measure DVC and Metaflow, installed from their pins")
    options = parser.parse_args()
    rows = mainspring_rows(options.steps)
    if options.peers:
        rows += [row for peer in PEERS for row in peer_rows(peer, options.steps)]
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {options.steps} steps")
    print(f"{'what':<44}{'wall s':>10}{'per step ms':>14}")
    for what, wall, each in rows:
        print(f"{what:<44}{wall:>10}{each:>14}")


def mainspring_rows(steps: int) -> list[tuple[str, str, str]]:
    """Cold and cached, the second in the same process and in a new one; the median of three."""
    runs = [_measure(steps) for _ in range(REPEATS)]
    cold, start, same, new = (sorted(column)[REPEATS // 2] for column in zip(*runs, strict=True))
    rest = sorted(run[0] - run[1] for run in runs)[REPEATS // 2]
    return [
        ("Mainspring cold, whole run", f"{cold:.3f}", ""),
        ("  of it one fork-server start", f"{start:.3f}", ""),
        ("  the rest", f"{rest:.3f}", f"{rest / steps * 1000:.1f}"),
        ("Mainspring cached, same process", f"{same:.3f}", f"{same / steps * 1000:.2f}"),
        ("Mainspring cached, new process", f"{new:.3f}", f"{new / steps * 1000:.2f}"),
    ]


def _measure(steps: int) -> tuple[float, float, float, float]:
    """Seconds of a cold run, of the fork server's start in it, and of cached runs in the same and in a new process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = "\n".join(["    x = one(0)"] + ["    x = one(x)"] * (steps - 1)).replace("one(0)", "start()")
        (folder / "flow.py").write_text(
            "import mainspring as ms\n\n@ms.step\ndef start() -> int:\n    return 0\n\n"
            "@ms.step\ndef one(x: int) -> int:\n    return x + 1\n\n"
            f"@ms.pipeline\ndef flow():\n{calls}\n    return x\n"
        )
        (folder / "mainspring.toml").touch()
        (folder / "measure.py").write_text(
            textwrap.dedent(
                """
                import sys, time
                from pathlib import Path
                from mainspring.pipelines import runner
                from mainspring.workspace import create_workspace
                from flow import flow

                starts = []
                prepare = runner.prepare
                def timed(*args, **kwargs):
                    begun = time.perf_counter()
                    made = prepare(*args, **kwargs)
                    starts.append(time.perf_counter() - begun)
                    return made
                runner.prepare = timed

                ws = create_workspace(Path("workspace"))
                for _ in range(int(sys.argv[1])):
                    begun = time.perf_counter()
                    flow.run(ws)
                    print(time.perf_counter() - begun, sum(starts))
                    starts.clear()
                """
            )
        )
        first = _lines(folder, "2")
        second = _lines(folder, "1")
    return first[0][0], first[0][1], first[1][0], second[0][0]


def _lines(folder: Path, runs: str) -> list[list[float]]:
    done = subprocess.run([sys.executable, "measure.py", runs], cwd=folder, check=True, capture_output=True, text=True)
    return [[float(number) for number in line.split()] for line in done.stdout.splitlines()]


def peer_rows(peer: str, steps: int) -> list[tuple[str, str, str]]:
    """A peer's cold and repeated run, whole commands; why not, where it does not install or start."""
    folder = Path(tempfile.mkdtemp(prefix=f"{peer}-"))
    try:
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", PEERS[peer]], check=True, capture_output=True)
        measure = _dvc if peer == "dvc" else _metaflow
        cold, again = measure(folder, steps)
    except (subprocess.CalledProcessError, OSError) as error:
        output = getattr(error, "stderr", b"") or b""
        reason = (output.decode(errors="replace").strip().splitlines() or [str(error)])[-1]
        return [(f"{peer}: does not start: {reason}"[:100], "", "")]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        (f"{PEERS[peer]} cold", f"{cold:.2f}", f"{cold / steps * 1000:.0f}"),
        (f"{PEERS[peer]} again", f"{again:.2f}", f"{again / steps * 1000:.0f}"),
    ]


def _dvc(folder: Path, steps: int) -> tuple[float, float]:
    stages = ["stages:"]
    for number in range(steps):
        stages.append(f"  s{number}:\n    cmd: echo {number} > o{number}\n    outs: [o{number}]")
        if number:
            stages.append(f"    deps: [o{number - 1}]")
    (folder / "dvc.yaml").write_text("\n".join(stages) + "\n")
    dvc = folder / "venv/bin/dvc"
    subprocess.run([dvc, "init", "--no-scm", "-q"], cwd=folder, check=True, capture_output=True)
    return _timed([dvc, "repro", "-q"], folder), _timed([dvc, "repro", "-q"], folder)


def _metaflow(folder: Path, steps: int) -> tuple[float, float]:
    names = ["start", *(f"s{number}" for number in range(1, steps - 1)), "end"]
    body = ["from metaflow import FlowSpec, step", "class Flow(FlowSpec):"]
    for number, name in enumerate(names):
        following = f"self.next(self.{names[number + 1]})" if name != "end" else "pass"
        body.append(f"    @step\n    def {name}(self):\n        self.x = {number}\n        {following}")
    body.append("if __name__ == '__main__':\n    Flow()")
    (folder / "flow.py").write_text("\n".join(body) + "\n")
    python = folder / "venv/bin/python"
    return _timed([python, "flow.py", "run"], folder), _timed([python, "flow.py", "resume", "end"], folder)


def _timed(command: list[str | Path], folder: Path) -> float:
    begun = time.perf_counter()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "USERNAME": "benchmark", "DVC_NO_ANALYTICS": "1"}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
