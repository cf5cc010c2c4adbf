//! The command line: what a user types, what is printed, and what the process exits with.
//!
//! Owns arguments, wording, progress, interruption and the threads of a sweep. Plays nothing itself (`search` does).

mod arguments;
mod failure;
mod identity;
mod interrupt;
mod json;
mod open;
mod output;
mod panics;
mod places;
mod report;
mod rules;
mod run;
mod savepoint;
mod screen;
mod sweep;
mod sweep_report;

use crate::operator::Catalogue;
use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use failure::Failure;
use screen::Screen;
use std::process::ExitCode;
use std::sync::Arc;

/// Everything held.
const HOLDS: u8 = 0;
/// A check or an expectation is broken.
const BROKEN: u8 = 1;
/// What the user gave is wrong.
const WRONG_INPUT: u8 = 2;
/// The same seed played differently.
const NOT_DETERMINISTIC: u8 = 3;
/// A job was stuck.
const STALLED: u8 = 4;
/// An operator, source or sink of the user's own panicked.
const USER_PANICKED: u8 = 5;
/// The user interrupted.
const INTERRUPTED: u8 = 130;

/// The whole command line over these operators: reads the process's arguments, does what they say, and returns what to
/// exit with. A program with operators of its own adds them to the built-in ones and calls this.
pub fn main(catalogue: Catalogue) -> ExitCode {
    panics::listen();
    let arguments = match Arguments::try_parse_from(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_INPUT));
        }
    };
    let mut screen = Screen::of_terminal();
    let done = carry_out(arguments.command, &Arc::new(catalogue), &mut screen);
    let code = done.unwrap_or_else(|failure| {
        screen.complain(&failure.text);
        failure.code
    });
    match screen.finish() {
        Ok(()) => ExitCode::from(code),
        Err(text) => {
            Screen::of_terminal().complain(&text);
            ExitCode::from(WRONG_INPUT)
        }
    }
}

fn carry_out(
    command: Command,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    match command {
        Command::Run(run) => run::run(&run, catalogue, screen),
        Command::Sweep(sweep) => sweep::sweep(&sweep, catalogue, screen),
        Command::Savepoint(command) => savepoint::carry_out(&command, screen),
        Command::Uid { text } => identity::uid(&text, screen),
        Command::Key(key) => identity::key(&key, screen),
        Command::Rules(of) => Ok(rules::rules(&of, screen)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "sandbar", &mut text);
            screen.say_bytes(&text);
            Ok(HOLDS)
        }
    }
}
