#!/usr/bin/env bash
# A short run of every fuzz target, as CI does it. Seconds a target: the first argument, 20 when there is none.
set -euo pipefail
cd "$(dirname "$0")"
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked --version 0.13.2
for target in image_open pack_parse case_settle; do
    # Stable Rust has no sanitizers; a panic is what is looked for.
    cargo fuzz run --fuzz-dir . --sanitizer none "$target" -- -max_total_time="${1:-20}" -max_len=4096 -verbosity=0 -print_final_stats=1
done
