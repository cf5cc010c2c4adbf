//! Panics during a play: caught and told by the command, with the place in the code, and not printed in between.

use crate::operator::panic_message;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

thread_local! {
    /// Whether this thread plays.
    static PLAYS: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Remembers where a panic is that happens during a play. All others are printed as usual, as are those for which
/// `RUST_BACKTRACE` is set.
pub(super) fn listen() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let wants_all = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        if PLAYS.get() {
            PLACE.set(info.location().filter(|at| is_of_user(at)).map(ToString::to_string));
        }
        if wants_all || !PLAYS.get() {
            usual(info);
        }
    }));
}

/// Whether a place is in the code of somebody who uses this library: what the library itself refuses it says in words.
fn is_of_user(at: &Location<'_>) -> bool {
    let own = file!().strip_suffix("cli/panics.rs").unwrap_or_default();
    own.is_empty() || !at.file().starts_with(own) || own == "src/"
}

/// Plays something on this thread. A panic that comes through is the engine's own: its message, with the place.
pub(super) fn caught<R>(play: impl FnOnce() -> R) -> Result<R, String> {
    PLACE.set(None);
    PLAYS.set(true);
    let played = catch_unwind(AssertUnwindSafe(play));
    PLAYS.set(false);
    played.map_err(|payload| {
        let message = panic_message(&*payload);
        with_place(message)
    })
}

/// A message with the place of the last panic of this thread.
pub(super) fn with_place(message: &str) -> String {
    match PLACE.take() {
        Some(place) => format!("{message} ({place})"),
        None => message.to_owned(),
    }
}
