//! The command line: what can be asked for, and how a run ends. Each command has its file below.

mod at_hand;
mod audit;
mod catalog;
mod completions;
pub mod curated;
mod demo;
mod folder;
mod import;
mod journal;
mod keys;
mod message;
mod output;
mod packs;
mod policy;
mod progress;
mod reasons;
mod run;
mod serve;
mod serving;
mod settle;
mod state;
mod stopping;
mod tally;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::{Exit, Failure};

/// How a run ends, for every command's help.
const EXIT_CODES: &str = "Exit codes:
  0  all was done: every case settled, nothing wrong, nothing different
  1  some case was refused, a policy has errors, two things differ, or a journal ends in a torn batch
  2  something could not be read or written; what and where is on the standard error";

/// How a run ends that takes commands or rows in, for its help.
const WRITING_EXIT_CODES: &str = "Exit codes:
  0    all was done
  1    some was refused or wrong, all else is done
  2    something could not be read or written; what and where is on the standard error
  130  SIGINT asked to stop before the end of the input
  143  SIGTERM did
  141  the output was closed before the end of the input
After the last three nothing more was taken in, what was on its way is finished, and the journal
is sealed. What was not answered may be sent again: what was done of it is answered the same.
A second signal stops at once.";

const EXAMPLES: &str = "Examples:
  yidan demo                                  settle a made-up year of visits of three places
  yidan settle case.json                      print the statement of a case
  yidan settle - --json < cases.jsonl         one line of JSON for each case
  yidan settle year.jsonl --sequence          carry slots and balances from case to case
  yidan serve                                 serve an example town to HIS systems, on this machine
  yidan keys secret hunan-key-1.secret        make a secret that an institution signs its calls with
  yidan catalog build catalogs/sources -o base.img
  yidan policy check catalogs/sources/630100/policy.toml
  yidan journal verify /var/lib/yidan/journal
  yidan completions bash > /etc/bash_completion.d/yidan";

/// One bill for every medical visit: settles claims of Chinese medical insurance, exactly and with every fen explained.
#[derive(Debug, Parser)]
#[command(name = "yidan", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Settle(settle::Settle),
    Run(Box<run::Run>),
    Import(Box<import::Import>),
    Serve(Box<serve::Serve>),
    /// Look at what a journal makes: hash, members, facilities
    #[command(subcommand, after_help = EXIT_CODES)]
    State(state::State),
    Demo(demo::Demo),
    /// Build catalogue images, and look into them
    #[command(subcommand, after_help = EXIT_CODES)]
    Catalog(catalog::Catalog),
    /// Check policy packs, and show what they say
    #[command(subcommand, after_help = EXIT_CODES)]
    Policy(policy::Policy),
    /// Look into a journal: verify it, count what it holds, show its records; make snapshots of it, archive what they hold
    #[command(subcommand, after_help = journal::EXIT_CODES)]
    Journal(journal::Journal),
    /// Hold what HIS systems send against the national interface
    #[command(subcommand, after_help = EXIT_CODES)]
    Message(message::Message),
    /// Make secrets and SM2 keys for the credentials of `serve`
    #[command(subcommand, after_help = EXIT_CODES)]
    Keys(keys::Keys),
    Reasons(reasons::Reasons),
    Completions(completions::Completions),
}

/// Runs what the arguments of this process ask for.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            // Help and version go to the standard output; a reader that went away is no failure.
            let _ = said.print();
            return if said.use_stderr() { Exit::Unreadable.into() } else { Exit::Done.into() };
        }
    };
    let ended = match cli.command {
        Command::Settle(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::State(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Catalog(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Journal(command) => command.run(),
        Command::Message(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Reasons(command) => command.run(),
        Command::Completions(command) => command.run(),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(Failure::ReaderGone) => Exit::Done.into(),
        Err(Failure::Said(what)) => {
            output::error(&what);
            Exit::Unreadable.into()
        }
    }
}

/// The arguments that the program takes, for completions and tests.
fn arguments() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_are_sound() {
        super::arguments().debug_assert();
    }
}
