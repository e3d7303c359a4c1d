//! The yidan program. All that it does is in the library; here it only gets its allocator and starts.

use std::process::ExitCode;

/// Commands are made by one thread and dropped by another, millions of them: that is what this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    yidan::commands::run()
}
