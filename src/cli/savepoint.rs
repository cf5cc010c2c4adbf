//! `sandbar savepoint`: what is in savepoints that a run left on disk, and what their owner does with them.

use super::arguments::{Locking, SavepointCommand};
use super::failure::Failure;
use super::lock;
use super::open::local;
use super::screen::Screen;
use super::{HOLDS, WRONG_INPUT};
use crate::render::{columns, padded};
use crate::store::{self, Disposed, LeftFile, SavepointSummary, VerifiedFile};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Does what is asked of a savepoint or a folder of them.
pub(super) fn carry_out(command: &SavepointCommand, screen: &mut Screen) -> Result<u8, Failure> {
    match command {
        SavepointCommand::Show { path } => show(&local(path)?, screen),
        SavepointCommand::List { path } => list(path, screen),
        SavepointCommand::Verify { path } => verify(&local(path)?, screen),
        SavepointCommand::Move { from, to, rewrite_paths, locking } => {
            let (from, to) = (local(from)?, local(to)?);
            let _locks = lock::around_all(&[&from, &to], *locking)?;
            let moved = match rewrite_paths {
                true => store::move_with_paths(from, to)?,
                false => store::move_to(from, to)?,
            };
            screen.say(&format!("moved to {}\n", moved.path.display()));
            tell_left(&moved.left, screen);
            Ok(HOLDS)
        }
        SavepointCommand::Dispose { path, yes, locking } => dispose(path, *yes, *locking, screen),
    }
}

/// Reads every byte of one.
fn verify(path: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let verified = store::verify(path)?;
    let summary = &verified.summary;
    let width = verified.files.iter().map(|file| columns(&file.name)).max().unwrap_or(0);
    for VerifiedFile { name, bytes, blocks } in &verified.files {
        let name = padded(name, width);
        screen.say(&format!("  {name}  {bytes} bytes in {blocks} blocks, as written\n"));
    }
    for name in &verified.foreign {
        let name = padded(&name.to_string_lossy(), width);
        screen.say(&format!("  {name}  does not belong to it\n"));
    }
    let (kind, id, job) = (summary.kind, summary.id, &summary.job_name);
    screen.say(&format!("{kind} {id} of {job} is whole: {} bytes\n", summary.bytes));
    Ok(HOLDS)
}

/// Removes one, once the user has agreed.
fn dispose(
    given: &Path,
    is_agreed: bool,
    locking: Locking,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let path = local(given)?;
    if !is_agreed && !agrees(given, &path, screen)? {
        screen.say("left as it is\n");
        return Ok(HOLDS);
    }
    let _locks = lock::around_all(&[&path], locking)?;
    let disposed = store::dispose(&path)?;
    let shown = given.display();
    if disposed.removed.is_empty() {
        screen.say(&format!("removed nothing of {shown}\n"));
    } else {
        screen.say(&format!("removed {} of {shown}\n", files(disposed.removed.len())));
    }
    for path in elsewhere(&disposed) {
        screen.say(&format!("  {} was removed, too\n", path.display()));
    }
    tell_left(&disposed.left, screen);
    for path in &disposed.shared {
        let path = path.display();
        screen.say(&format!("  {path} was left: other checkpoints of its job may share it\n"));
    }
    Ok(HOLDS)
}

/// Says what would be removed, and asks.
fn agrees(given: &Path, path: &Path, screen: &mut Screen) -> Result<bool, Failure> {
    let shown = given.display();
    // What is not there cannot be agreed to, either.
    let planned = store::would_dispose(path)?;
    if !std::io::stdin().is_terminal() {
        return Err(Failure::wrong(
            format!("nobody is there to agree that `{shown}` is removed"),
            "add --yes, or run it on a terminal",
        ));
    }
    for path in elsewhere(&planned) {
        screen.say(&format!("  {} would be removed, too\n", path.display()));
    }
    for left in &planned.left {
        screen.say(&format!("  {} {}: it would be left\n", left.path.display(), left.why));
    }
    let count = files(planned.removed.len());
    screen.say(&format!("remove {shown} ({count}) for ever? [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The files of a snapshot that lie outside its folder.
fn elsewhere(disposed: &Disposed) -> impl Iterator<Item = &PathBuf> {
    disposed.removed.iter().filter(|path| path.parent() != Some(&disposed.folder))
}

fn tell_left(left: &[LeftFile], screen: &mut Screen) {
    for LeftFile { path, why } in left {
        screen.say(&format!("  {} {why} and was left\n", path.display()));
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// Tells what is in one.
fn show(path: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let summary = store::describe(path)?;
    screen.say(&describe(&summary));
    Ok(HOLDS)
}

/// Lists all of a folder, each with its path on a line of its own; a damaged one hides none of the others.
fn list(given: &Path, screen: &mut Screen) -> Result<u8, Failure> {
    let found = store::list(local(given)?)?;
    if found.is_empty() {
        screen.say(&format!("no savepoint or checkpoint in {}\n", given.display()));
    }
    let mut code = HOLDS;
    for listed in found {
        let place = listed.path.display();
        match listed.summary {
            Ok(summary) => screen.say(&format!(
                "{place}\n  {} {} of {}, t={}, {} bytes\n",
                summary.kind,
                summary.id,
                summary.job_name,
                summary.triggered.in_millis(),
                summary.bytes
            )),
            Err(error) => {
                code = WRONG_INPUT;
                screen.say(&format!("{place}\n  cannot be read\n"));
                screen.complain(&Failure::from(error).text);
            }
        }
    }
    Ok(code)
}

fn describe(summary: &SavepointSummary) -> String {
    let mut text = format!(
        "{} {} of job {} ({})\n\
         triggered at {}, a later process starts its clock at {}\n\
         {} bytes in {} files\n\noperators\n",
        summary.kind,
        summary.id,
        summary.job_name,
        summary.job,
        summary.triggered.in_millis(),
        summary.clock.in_millis(),
        summary.bytes,
        summary.files.len()
    );
    let width = summary.operators.iter().map(|operator| columns(&operator.name)).max().unwrap_or(0);
    for operator in &summary.operators {
        let uid =
            operator.uid.as_deref().map_or_else(|| "no uid".into(), |uid| format!("uid {uid}"));
        let finished = match operator.finished {
            0 => String::new(),
            count => format!(", {count} finished"),
        };
        text.push_str(&format!(
            "  {}  {}  {uid}, parallelism {} of at most {}{finished}\n",
            padded(&operator.name, width),
            operator.id,
            operator.parallelism,
            operator.max_parallelism
        ));
        for state in &operator.states {
            text.push_str(&format!(
                "  {}    {} `{}`: {} entries, {} bytes in _metadata, {} in files\n",
                " ".repeat(width),
                state.kind,
                state.name,
                state.entries,
                state.inline_bytes,
                state.file_bytes
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
