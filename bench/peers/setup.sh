#!/usr/bin/env bash
# Installs the peers that the bench compares with, each from its registry in the version that is pinned, into a folder outside the clone.
#
#   bench/peers/setup.sh [postgres] [python] [zen]      all three without a word
#
# The folder is $YIDAN_PEERS, else yidan-peers in the user's cache. What is there already stays. What cannot be had gets a line, and the
# rest goes on; the bench skips it. `zen` builds the engine's Rust crate, which takes ten minutes of two cores.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
place="${YIDAN_PEERS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/yidan-peers}"
[[ "$place" = /* ]] || { printf 'YIDAN_PEERS is %s: give a path from the root\n' "$place" >&2; exit 2; }
missing=0
lacks() { printf 'cannot be had: %s\n' "$*" >&2; missing=1; }
has() { printf 'is there: %s\n' "$*"; }
asked() { [ -z "$parts" ] || [[ " $parts " == *" $1 "* ]]; }
parts="$*"
for part in "$@"; do
    case "$part" in
        postgres | python | zen) ;;
        *) printf '%s is none of postgres, python, zen\n' "$part" >&2; exit 2 ;;
    esac
done
mkdir -p "$place/bin" || { lacks "a folder $place"; exit 1; }

# A package of Debian, where root asks.
debian() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qy "$@" >/dev/null
}

if asked postgres; then
    pgbench=/usr/lib/postgresql/15/bin/pgbench
    [ -x "$pgbench" ] || debian postgresql-15
    if [ -x "$pgbench" ]; then
        has "$("$pgbench" --version)"
    else
        lacks "PostgreSQL 15: as root on Debian 12 this script installs it, elsewhere install postgresql-15"
    fi
fi

if asked python; then
    python="$place/venv/bin/python"
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$place/venv"
        python3 -m venv "$place/venv" || { debian python3-venv && python3 -m venv "$place/venv"; }
    fi
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        lacks "a virtual environment of Python 3 in $place/venv, and so all peers of PyPI"
    else
        while read -r pin; do
            if "$python" -m pip install -q --disable-pip-version-check -c "$here/requirements.txt" "$pin"; then
                has "$pin"
            else
                lacks "$pin of PyPI for $("$python" --version)"
            fi
        done < <(grep -v '^#' "$here/requirements.txt")
    fi
fi

if asked zen; then
    if ! command -v cargo >/dev/null; then
        lacks "the ZEN engine's Rust crate: there is no cargo"
    elif cargo build -q --release --locked --manifest-path "$here/zen/Cargo.toml" --target-dir "$place/zen-target" &&
        install -m 755 "$place/zen-target/release/zen-r1" "$place/bin/zen-r1"; then
        has "zen-r1, of the ZEN engine's Rust crate"
    else
        lacks "the ZEN engine's Rust crate, see above"
    fi
fi
exit "$missing"
