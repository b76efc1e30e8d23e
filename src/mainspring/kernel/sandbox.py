"""What a process that runs a user's code is given of this one: a list of variables that hold no credentials."""

import os

__all__ = ["SECRETS", "child_environment"]

SECRETS = frozenset({"MAINSPRING_DATABASE", "MAINSPRING_TOKEN"})
"""Mainspring's own credentials, which no user's code is given, whatever it declares."""

_NAMES = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"}
)
_PREFIXES = ("LC_", "PYTHON", "SSL_CERT_", "POLARS_", "MAINSPRING_FAULT", "COVERAGE", "COV_")
_SUFFIXES = ("_NUM_THREADS",)


def child_environment(**extra: str) -> dict[str, str]:
    """The variables for a process that runs a user's code: those allowed of this process's own, and `extra`.

    The list says what is given, since no list of what to keep back would be complete. It does not hide files: the
    process is the same user's.
    """
    return {name: value for name, value in os.environ.items() if _is_allowed(name)} | extra


def _is_allowed(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES) or name.endswith(_SUFFIXES)
