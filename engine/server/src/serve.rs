//! What `yidan serve` is made of: its configuration, and the example town that it serves where it is given nothing.

pub mod config;
mod example;

pub use example::settle_in;
