//! The `sandbar` command.

use sandbar::Catalogue;
use std::process::ExitCode;

fn main() -> ExitCode {
    sandbar::cli::main(Catalogue::built_in())
}
