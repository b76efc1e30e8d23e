"""Every top-level command: where it lives and what it does, so that `--help` loads none of them."""

from typing import NamedTuple

__all__ = ["CATALOGUE", "SECTIONS", "Entry"]


class Entry(NamedTuple):
    """A command's module below `mainspring.cli`, its section in `--help`, and its one sentence."""

    module: str
    section: str
    summary: str


SECTIONS = ("The loop", "What is there", "Care")

CATALOGUE: dict[str, Entry] = {
    "demo": Entry("demo", "The loop", "Play a year of real flights through the whole system."),
    "init": Entry("init", "The loop", "Make a new project that runs, tests and deploys as it is."),
    "test": Entry("test", "The loop", "Run the project's tests and check that its pipelines fit together."),
    "run": Entry("run", "The loop", "Run a pipeline of the project."),
    "deploy": Entry("deploy", "The loop", "Serve a model version at an endpoint."),
    "retrain": Entry("retrain", "The loop", "Make a gated successor of a model on the latest valid data."),
    "reproduce": Entry("reproduce", "The loop", "Rebuild a model version and compare its bytes."),
    "trace": Entry("trace", "The loop", "Follow a prediction back to the rows its model learned from."),
    "up": Entry("up", "The loop", "Serve pages, API and protocols, and keep endpoints running."),
    "alerts": Entry("alerts", "What is there", "What the monitors found."),
    "data": Entry("data", "What is there", "Datasets and their versions."),
    "endpoints": Entry("endpoints", "What is there", "Served models."),
    "events": Entry("events", "What is there", "The history of every decision."),
    "models": Entry("models", "What is there", "Models, their versions and aliases."),
    "monitors": Entry("monitors", "What is there", "What is watched."),
    "runs": Entry("runs", "What is there", "Executions of pipelines, steps and scripts."),
    "tokens": Entry("tokens", "What is there", "Credentials of people and services."),
    "backup": Entry("backup", "Care", "Write the whole workspace to one verified file."),
    "doctor": Entry("doctor", "Care", "Check that this machine and this workspace are sound."),
    "restore": Entry("restore", "Care", "Unpack a backup into a new folder, every digest verified."),
}
