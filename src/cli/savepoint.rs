//! `sandbar savepoint`: what is in savepoints that a run left on disk, and what their owner does with them.

use super::arguments::{Locking, SavepointCommand};
use super::failure::Failure;
use super::lock;
use super::screen::Screen;
use super::{HOLDS, WRONG_INPUT};
use crate::job::CheckpointKind;
use crate::render::clock;
use crate::store::{self, Disposed, SavepointSummary, VerifiedFile};
use std::io::IsTerminal;
use std::path::Path;

/// Does what is asked of a savepoint or a folder of them.
pub(super) fn carry_out(command: &SavepointCommand, screen: &mut Screen) -> Result<u8, Failure> {
    match command {
        SavepointCommand::Show { path } => show(path, screen),
        SavepointCommand::List { path } => list(path, screen),
        SavepointCommand::Verify { path } => verify(path, screen),
        SavepointCommand::Move { from, to, rewrite_paths, locking } => {
            let _locks = lock::around_all(&[from, to], *locking)?;
            let target = match rewrite_paths {
                true => store::move_with_paths(from, to)?,
                false => store::move_to(from, to)?,
            };
            screen.say(&format!("moved to {}\n", target.display()));
            Ok(HOLDS)
        }
        SavepointCommand::Dispose { path, yes, locking } => dispose(path, *yes, *locking, screen),
    }
}

/// Reads every byte of one.
fn verify(path: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let verified = store::verify(path)?;
    let summary = &verified.summary;
    let width = verified.files.iter().map(|file| file.name.len()).max().unwrap_or(0);
    for VerifiedFile { name, bytes, blocks } in &verified.files {
        screen.say(&format!("  {name:width$}  {bytes} bytes in {blocks} blocks, as written\n"));
    }
    for name in &verified.foreign {
        screen.say(&format!("  {name:width$}  does not belong to it\n"));
    }
    let (kind, id, job) = (kind(summary.kind), summary.id, &summary.job_name);
    screen.say(&format!("{kind} {id} of {job} is whole: {} bytes\n", summary.bytes));
    Ok(HOLDS)
}

/// Removes one, once the user has agreed.
fn dispose(
    path: &Path,
    is_agreed: bool,
    locking: Locking,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    if !is_agreed {
        let shown = path.display();
        if !std::io::stdin().is_terminal() {
            return Err(Failure::wrong(
                format!("nobody is there to agree that `{shown}` is removed"),
                "add --yes, or run it on a terminal",
            ));
        }
        screen.say(&format!("remove {shown} for ever? [y/N] "));
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        if read.is_err() || !matches!(answer.trim(), "y" | "Y" | "yes") {
            screen.say("left as it is\n");
            return Ok(HOLDS);
        }
    }
    let _locks = lock::around_all(&[path], locking)?;
    let Disposed { removed, left } = store::dispose(path)?;
    screen.say(&format!("removed {} files of {}\n", removed.len(), path.display()));
    for name in left {
        screen.say(&format!("  {name}  does not belong to it and was left\n"));
    }
    Ok(HOLDS)
}

/// Tells what is in one.
fn show(path: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let summary = store::describe(path)?;
    screen.say(&describe(&summary));
    Ok(HOLDS)
}

/// Lists all of a folder, one a line; a damaged one hides none of the others.
fn list(path: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let found = store::list(path)?;
    if found.is_empty() {
        screen.say(&format!("no savepoint or checkpoint in {}\n", path.display()));
    }
    let mut code = HOLDS;
    for listed in found {
        let place = listed.path.display();
        match listed.summary {
            Ok(summary) => screen.say(&format!(
                "{place}  {} {} of {}, t={}, {} bytes\n",
                kind(summary.kind),
                summary.id,
                summary.job_name,
                clock(summary.triggered),
                summary.bytes
            )),
            Err(error) => {
                code = WRONG_INPUT;
                screen.say(&format!("{place}  cannot be read\n"));
                screen.complain(&Failure::from(error).text);
            }
        }
    }
    Ok(code)
}

const fn kind(kind: CheckpointKind) -> &'static str {
    match kind {
        CheckpointKind::Checkpoint => "checkpoint",
        CheckpointKind::Savepoint => "savepoint",
    }
}

fn describe(summary: &SavepointSummary) -> String {
    let mut text = format!(
        "{} {} of job {} ({})\n\
         triggered at {}, a later process starts its clock at {}\n\
         {} bytes in {} files\n\noperators\n",
        kind(summary.kind),
        summary.id,
        summary.job_name,
        summary.job,
        clock(summary.triggered),
        clock(summary.clock),
        summary.bytes,
        summary.files.len()
    );
    let width = summary.operators.iter().map(|operator| operator.name.len()).max().unwrap_or(0);
    for operator in &summary.operators {
        let uid =
            operator.uid.as_deref().map_or_else(|| "no uid".into(), |uid| format!("uid {uid}"));
        let finished = match operator.finished {
            0 => String::new(),
            count => format!(", {count} finished"),
        };
        text.push_str(&format!(
            "  {:width$}  {}  {uid}, parallelism {} of at most {}{finished}\n",
            operator.name, operator.id, operator.parallelism, operator.max_parallelism
        ));
        for state in &operator.states {
            text.push_str(&format!(
                "  {:width$}    {:?} `{}`: {} entries, {} bytes in _metadata, {} in files\n",
                "", state.kind, state.name, state.entries, state.inline_bytes, state.file_bytes
            ));
        }
    }
    section(
        &mut text,
        "inputs",
        summary.inputs.iter().map(|input| {
            format!("{}[{}] read up to entry {}", input.name, input.partition, input.next)
        }),
    );
    section(&mut text, "copies of sinks", summary.sinks.iter().cloned());
    let file = |(name, bytes): (&String, &u64)| format!("{name}  {bytes} bytes");
    section(&mut text, "files", summary.files.iter().map(file));
    text
}

fn section(text: &mut String, title: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        text.push_str(&format!("\n{title}\n"));
        rows.iter().for_each(|row| text.push_str(&format!("  {row}\n")));
    }
}
