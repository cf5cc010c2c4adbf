//! The data folders that a command may write into, locked before it reads them.

use super::INTERRUPTED;
use super::arguments::{Locking, Run};
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::open::local;
use crate::job::ClaimMode;
use crate::store::{FolderLock, StoreError, data_dir_around};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a nap is while another process holds the lock, and how many make a second.
const NAP: Duration = Duration::from_millis(50);
const NAPS_A_SECOND: u64 = 20;
/// For how many naps nobody is named who has not said yet that it holds the lock.
const NAPS_FOR_A_NAME: u64 = 10;

/// Locks what a run may write into: its data folder, and that of a savepoint which it claims and may remove.
pub(super) fn for_run(arguments: &Run, interrupt: &Interrupt) -> Result<Vec<FolderLock>, Failure> {
    let folder = arguments.data_dir.as_deref().map(local).transpose()?;
    let mut folders: Vec<PathBuf> = folder.into_iter().collect();
    let claims = arguments.claim.is_some_and(|mode| mode != ClaimMode::NoClaim);
    if let Some(path) = &arguments.from_savepoint
        && claims
        && !folders.is_empty()
    {
        folders.extend(around(&local(path)?)?);
    }
    hold(&folders, arguments.locking, interrupt)
}

/// Locks the data folders that these lie in, if they lie in one.
pub(super) fn around_all(paths: &[&Path], locking: Locking) -> Result<Vec<FolderLock>, Failure> {
    let mut folders = Vec::new();
    for path in paths {
        folders.extend(around(path)?);
    }
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    hold(&folders, locking, &Interrupt::listen())
}

fn around(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    Ok(data_dir_around(path)?.map(|folder| folder.path().to_owned()))
}

/// Locks all of these folders, and waits for those who hold them as long as the user says. Nothing is held while it waits,
/// so that two that wait for each other's folder do not wait in vain.
fn hold(
    folders: &[PathBuf],
    locking: Locking,
    interrupt: &Interrupt,
) -> Result<Vec<FolderLock>, Failure> {
    if locking.no_lock {
        return Ok(Vec::new());
    }
    let me = format!("process {} since {}", std::process::id(), now());
    let last = u64::from(locking.wait.unwrap_or(0)) * NAPS_A_SECOND;
    let bar = progress(None, "{spinner} {msg}");
    let mut naps = 0;
    let held = loop {
        let error = match FolderLock::take_all(folders, &me) {
            Err(error @ StoreError::InUse { .. }) => error,
            taken => break taken.map_err(Failure::from),
        };
        let is_named = !matches!(error, StoreError::InUse { holder: None, .. });
        if naps >= last && (is_named || naps >= NAPS_FOR_A_NAME) {
            break Err(error.into());
        }
        if interrupt.is_asked() {
            break Err(Failure { text: "interrupted\n".to_owned(), code: INTERRUPTED });
        }
        bar.set_message(format!("waiting: {error}"));
        bar.tick();
        std::thread::sleep(NAP);
        naps += 1;
    };
    bar.finish_and_clear();
    let held = held?;
    // What a run that was killed left behind goes before anything new is written.
    for lock in &held {
        lock.clean_up()?;
    }
    Ok(held)
}

/// The time of day in UTC, to the second.
#[expect(clippy::disallowed_types, reason = "people are told since when; no run depends on it")]
fn now() -> String {
    use std::time::SystemTime;
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    utc(since_1970.map_or(0, |passed| passed.as_secs()))
}

/// Seconds since the beginning of 1970 as a date and a time of day.
fn utc(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", days + 1)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn seconds_are_told_as_a_date_and_a_time_of_day() {
        for (seconds, told) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(seconds), told, "{seconds}");
        }
    }
}
