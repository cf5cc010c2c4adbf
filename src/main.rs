//! The `sandbar` command.

use sandbar::operator::Catalogue;
use std::process::ExitCode;

fn main() -> ExitCode {
    sandbar::cli::main(Catalogue::built_in())
}
