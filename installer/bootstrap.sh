#!/bin/sh
# Builds .venv from uv.lock, on a machine that has Python 3.11 or newer and nothing else, and brings Qt's system
# libraries where it may. Safe to run again: when nothing changed it returns at once. Run by `make setup`.
set -eu

cd "$(dirname "$0")/.."
stamp=.venv/.setup-done
tools=.tools
uv_requirement='uv>=0.9,<1'

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# What the environment was built from. A checkout that moved is built again, because scripts in .venv hold its path.
fingerprint() {
    {
        pwd
        cat uv.lock pyproject.toml installer/bootstrap.sh installer/system_libraries.sh
    } | cksum
}

# Runs a command that needs the network up to three times.
retry() {
    attempt=1
    until "$@"; do
        [ "$attempt" -lt 3 ] || return 1
        say "that did not work; trying again in $((attempt * 5)) s"
        sleep $((attempt * 5))
        attempt=$((attempt + 1))
    done
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    fail 'Python 3.11 or newer was not found. Install it (Debian: apt-get install python3) and run this again.'
}

uv_is_new_enough() {
    version=$("$1" --version 2>/dev/null | cut -d' ' -f2)
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    [ -n "$version" ] && { [ "$major" -ge 1 ] || [ "$minor" -ge 9 ]; }
}

install_uv() {
    say "installing uv into $tools"
    if ! "$python" -c 'import ensurepip' >/dev/null 2>&1 && ! "$python" -m pip --version >/dev/null 2>&1; then
        installer/system_libraries.sh --install python3-venv || true
    fi
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear "$tools/uv"
        retry "$tools/uv/bin/python" -m pip install --quiet --disable-pip-version-check "$uv_requirement"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$tools/uv"
        retry "$python" -m pip install --quiet --disable-pip-version-check --target "$tools/uv" "$uv_requirement"
    else
        fail 'neither uv, nor pip, nor the venv module is here, and I may not install them.' \
            'Install uv (https://docs.astral.sh/uv/) or, on Debian, run: apt-get install python3-venv'
    fi
}

find_uv() {
    for candidate in uv "$tools/uv/bin/uv"; do
        if uv_is_new_enough "$candidate"; then
            uv=$candidate
            return
        fi
    done
    install_uv
    uv=$tools/uv/bin/uv
    uv_is_new_enough "$uv" || fail "uv could not be installed into $tools/uv"
}

built_from=$(fingerprint)
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$built_from" ]; then
    exit 0
fi

# Trust what the system trusts, for offices whose proxy signs with a certificate of its own. uv's name for it changed.
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -e "$authorities" ]; then
    export UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true PIP_CERT="${PIP_CERT:-$authorities}"
fi

python=$(find_python)
mkdir -p "$tools"
find_uv

# The project's environment and no other; the Python found above and no download of another.
unset VIRTUAL_ENV
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}"
if ! mkdir -p "${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv}" 2>/dev/null; then
    export UV_CACHE_DIR="$PWD/$tools/cache"
fi
say "building .venv from uv.lock with $("$python" --version)"
retry "$uv" sync --frozen --quiet --compile-bytecode --python "$python" || fail 'the packages of uv.lock could not be installed.'
installer/system_libraries.sh
printf '%s\n' "$built_from" >"$stamp"
say 'done: .venv/bin/driveflow'
