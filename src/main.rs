//! The `sandbar` command.

fn main() {}
