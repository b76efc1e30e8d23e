#!/usr/bin/env bash
# The README's second command: a virtual environment with the test extras, Debian's packages where root, all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  command -v make >/dev/null || missing+=(make)
  command -v git >/dev/null || missing+=(git)
  [ -e /usr/lib/locale/C.utf8 ] || missing+=(locales)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
PATH="$PWD/.venv/bin:$PATH" make test
