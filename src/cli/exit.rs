//! What the process exits with: one table, from which `--help` and the README come.

use super::fitted::{WIDTH, fitted};

/// Everything held.
pub(super) const HOLDS: u8 = 0;
/// A check or an expectation is broken.
pub(super) const BROKEN: u8 = 1;
/// What the user gave is wrong.
pub(super) const WRONG_INPUT: u8 = 2;
/// The same seed played differently.
pub(super) const NOT_DETERMINISTIC: u8 = 3;
/// A job was stuck.
pub(super) const STALLED: u8 = 4;
/// An operator, source or sink of the user's own panicked.
pub(super) const USER_PANICKED: u8 = 5;
/// The user interrupted.
pub(super) const INTERRUPTED: u8 = 130;

/// Every code, in order, and what it says.
const TABLE: [(u8, &str); 7] = [
    (HOLDS, "everything holds, or did what it was asked"),
    (BROKEN, "a check or an expectation is broken, or the engine broke a rule of its own"),
    (WRONG_INPUT, "what was given is wrong: arguments, files, a savepoint that does not fit"),
    (NOT_DETERMINISTIC, "the same seed played differently"),
    (STALLED, "a job was not over and could not go on, or a budget was used up"),
    (USER_PANICKED, "an operator, source or sink of the user's own panicked"),
    (INTERRUPTED, "interrupted; what had happened by then is told"),
];

/// The table as `--help` shows it.
pub(super) fn table() -> String {
    let row = |(code, said): &(u8, &str)| format!("\n  {code:>3}  {said}");
    let rows: String = TABLE.iter().map(row).collect();
    fitted(&format!("Exit codes, the worst of them if several apply:{rows}"), WIDTH)
}
