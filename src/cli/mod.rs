//! The command line: what a user types, what is printed, and what the process exits with.
//!
//! Owns arguments, wording, progress, interruption and the threads on which many worlds are played. Plays nothing itself (`search` does).

mod arguments;
mod bugs;
mod case;
mod clock;
mod completions;
mod crash;
mod draw;
mod examples;
mod exit;
mod explain;
mod failure;
mod fitted;
mod identity;
mod interrupt;
mod json;
mod language;
mod lock;
mod open;
mod output;
mod panics;
mod places;
mod play;
mod rates;
mod report;
mod rules;
mod run;
mod savepoint;
mod screen;
mod shrink;
mod sweep;
mod sweep_report;
mod system;
mod temporary;
mod test;
mod threads;
mod why;
mod words;

use crate::operator::Catalogue;
use arguments::{Arguments, Command};
use clap::Parser;
use exit::{BROKEN, HOLDS, INTERRUPTED, NOT_DETERMINISTIC, STALLED, USER_PANICKED, WRONG_INPUT};
use failure::Failure;
use screen::Screen;
use std::process::ExitCode;
use std::sync::Arc;

/// The whole command line over these operators: reads the process's arguments, does what they say, and returns what to
/// exit with. A program with operators of its own adds them to the built-in ones and calls this.
pub fn main(catalogue: Catalogue) -> ExitCode {
    panics::listen();
    // Before anything is read, so that what cannot be read is told in the colours that were asked for.
    arguments::typed_colour(std::env::args_os().skip(1)).write_global();
    let arguments = match Arguments::try_parse_from(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_INPUT));
        }
    };
    let mut screen = Screen::of_terminal();
    let catalogue = Arc::new(catalogue);
    let done = panics::caught(|| carry_out(arguments.command, &catalogue, &mut screen));
    // Whatever is wrong with the program itself, it says so and exits with a code of the table.
    let done = done.unwrap_or_else(|message| Err(Failure::engine(&message, &open::typed())));
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
        Command::Test(test) => test::test(&test, catalogue, screen),
        Command::Shrink(of) => shrink::shrink(&of, catalogue, screen),
        Command::Explain(of) => why::explain(&of, catalogue, screen),
        Command::Compare(of) => why::compare(&of, catalogue, screen),
        Command::Crash(of) => crash::crash(&of, catalogue, screen),
        Command::Bugs(of) => bugs::bugs(&of, catalogue, screen),
        Command::Draw(of) => draw::draw(&of, catalogue, screen),
        Command::Savepoint(command) => savepoint::carry_out(&command, screen),
        Command::Uid { text } => identity::uid(&text, screen),
        Command::Key(key) => identity::key(&key, screen),
        Command::Rules(of) => Ok(rules::rules(&of, screen)),
        Command::ExplainError(of) => explain::explain(&of, screen),
        Command::New(kind) => language::new(&kind, screen),
        Command::Check(files) => language::check(&files, catalogue, screen),
        Command::Upgrade(files) => language::upgrade(&files, catalogue, screen),
        Command::List(what) => Ok(language::list(&what, catalogue, screen)),
        Command::Schema => Ok(language::schema(catalogue, screen)),
        Command::Completions { shell } => {
            screen.say_as_it_is(&completions::script(shell));
            Ok(HOLDS)
        }
    }
}
