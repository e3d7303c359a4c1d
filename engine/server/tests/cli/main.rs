//! The `yidan` program from outside, as a person at a terminal or a script meets it: arguments, files, pipes, exit codes.

mod bad_input;
mod catalog;
mod demo;
mod help;
mod large;
mod layout;
mod policy;
mod program;
mod sequence;
