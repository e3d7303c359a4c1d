//! The `yidan` program from outside, as a person at a terminal or a script meets it: arguments, files, pipes, exit codes.

mod bad_input;
mod catalog;
mod demo;
mod durable;
mod families;
mod glossary;
mod grounds;
mod guide;
mod help;
mod import;
mod journal;
mod keys;
mod large;
mod layout;
mod message;
mod notes;
mod persons;
mod policy;
mod program;
mod sequence;
mod serve;
mod serve_signed;
mod snapshot;
mod stops;
