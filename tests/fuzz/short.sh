#!/usr/bin/env bash
# A short run of every fuzz target, as CI does it. Seconds a target: the first argument, 20 when there is none.
set -euo pipefail
cd "$(dirname "$0")"
seconds="${1:-20}"
if ! command -v cargo-fuzz >/dev/null; then
    cargo install cargo-fuzz --locked --version 0.13.2 ||
        { echo "tests/fuzz/short.sh: cargo-fuzz is not here and could not be installed: nothing was fuzzed" >&2; exit 1; }
fi
# Beside whatever else is built, and never mixed with it: fuzzing has compiler flags of its own.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"
cargo metadata --locked --format-version 1 >/dev/null
# Stable Rust has no sanitizers; a panic is what is looked for. All targets are built in one go.
how=(--fuzz-dir . --sanitizer none --target-dir "$CARGO_TARGET_DIR")
cargo fuzz build "${how[@]}"
run() {
    mkdir -p "corpus/$1"
    cargo fuzz run "${how[@]}" "$1" "corpus/$1" "${@:2}" -- -max_total_time="$seconds" -max_len=4096 -timeout=10 -verbosity=0 -print_final_stats=1
}
run image_open ../../catalogs/image/tests/fixtures
run pack_parse ../golden/packs/variants ../golden/packs/lines
run case_settle seeds/case_settle
run snapshot_read
run gateway_decode seeds/gateway_decode
run sign_verify seeds/gateway_decode
run statement_read seeds/statement_read
