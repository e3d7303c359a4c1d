//! The yidan program. All that it does is in the library; here it only starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    yidan::commands::run()
}
