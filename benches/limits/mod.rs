//! The hold model beside the measured limits of `../shared/limits`, where that folder is.
//!
//! The folder is a project of its own: it is built into `target/limits` and played as a process for itself, in turn with
//! Sandbar's agenda. Its side draws from one `ChaCha8` stream and carries two words of payload; Sandbar's side makes a
//! keyed draw and folds the digest. Of its structures the fastest counts.

use crate::bare;
use crate::table::{median, seconds};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The structures that were best at one size or another.
const STRUCTURES: [&str; 4] = [
    "heap4-key16+slab-fused",
    "heap2-key16+slab-fused",
    "radix-ladder-16/16",
    "radix-ladder-64/16",
];

/// Rounds in which both sides are measured once.
const ROUNDS: usize = 3;

/// Events in a round.
const EVENTS: u64 = 1_000_000;

/// The player of the limits.
pub(crate) struct Limits(PathBuf);

impl Limits {
    /// Builds it. Says why it cannot be had, if it cannot.
    pub(crate) fn build() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = root.join("../shared/limits/Cargo.toml");
        if !manifest.exists() {
            return Err("there is no ../shared/limits here".to_owned());
        }
        let target = root.join("target/limits");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target)
            .status();
        match built {
            Ok(status) if status.success() => Ok(Self(target.join("release/core-limit"))),
            Ok(status) => Err(format!("../shared/limits could not be built: {status}")),
            Err(error) => Err(format!("cargo could not be run: {error}")),
        }
    }

    /// Events a second of one structure.
    fn rate(&self, events: usize, structure: &str) -> Result<f64, String> {
        let arguments = ["w1", &events.to_string(), &EVENTS.to_string(), structure];
        let output = Command::new(&self.0).args(arguments).output();
        let output = output.map_err(|error| format!("core-limit could not be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("RESULT\t")?.rsplit('\t').next());
        let rate = rate.and_then(|rate| rate.parse().ok());
        rate.ok_or_else(|| format!("core-limit measured no {structure}"))
    }

    /// Measures one size and prints its row.
    pub(crate) fn compare(&self, events: usize, budget: f64) -> Result<(), String> {
        let mut ours = bare::HoldLoop::new(events);
        ours.run(u64::try_from(events).expect("a size").max(100_000));
        let mut own = Vec::new();
        let mut theirs = vec![Vec::new(); STRUCTURES.len()];
        for _ in 0..ROUNDS {
            own.push(EVENTS as f64 / seconds(&mut || ours.run(EVENTS)));
            for (rates, structure) in theirs.iter_mut().zip(STRUCTURES) {
                rates.push(self.rate(events, structure)?);
            }
        }
        let own = median(own);
        let theirs = theirs.into_iter().map(median).zip(STRUCTURES);
        let (limit, structure) = theirs.max_by(|a, b| a.0.total_cmp(&b.0)).expect("there are some");
        let share = own / limit;
        let verdict = if share >= budget { "met" } else { "MISSED" };
        println!(
            "{:<28} {own:>12.0} {limit:>12.0}  {structure:<22} {share:>6.2} {budget:>7.2}  {verdict}",
            format!("hold model, {events} events")
        );
        Ok(())
    }
}
