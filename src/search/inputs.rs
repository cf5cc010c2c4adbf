//! Opening the inputs of a scenario: text files, and logs drawn from the seed.

use super::shuffle::shuffled;
use crate::job::{InputId, Value};
use crate::kernel::Choices;
use crate::operator::Log;
use crate::scenario::{Input, InputKind, Scenario};
use std::sync::Arc;

/// The inputs of a scenario that reads no files. `None` if it reads any.
pub fn generated(scenario: &Scenario, choices: &Choices) -> Option<Arc<[Arc<Log>]>> {
    let inputs = scenario.inputs.iter().enumerate();
    inputs.map(|(place, input)| generate(place, input, choices)).collect()
}

fn generate(place: usize, input: &Input, choices: &Choices) -> Option<Arc<Log>> {
    let InputKind::Generate { records, keys, step } = input.kind else { return None };
    let stream = choices.stream("input", &input.name);
    let mut draws = 0;
    let entries = Log::generated_entries(records, keys, |bound| {
        draws += 1;
        stream.below(draws, bound)
    });
    let entries = match step {
        Some(step) => timed(&entries, step),
        None => entries,
    };
    let entries = shuffled(entries, input, choices);
    Some(Arc::new(Log::new(InputId::new(place), input.partitions, input.every, entries.into())))
}

/// The rows with a time as one more column, so many milliseconds after each other.
fn timed(entries: &[Value], step: i64) -> Vec<Value> {
    let time = |place: i64| Value::Int(place.saturating_mul(step));
    let row = |(place, entry): (i64, &Value)| {
        let columns = entry.as_row().unwrap_or_default().iter().cloned();
        Value::Row(columns.chain([time(place)]).collect())
    };
    (0..).zip(entries).map(row).collect()
}

#[cfg(feature = "fs")]
pub use with_files::{InputError, open};

#[cfg(feature = "fs")]
mod with_files {
    use super::{Arc, Choices, InputId, InputKind, Log, Scenario, generate};
    use crate::search::csv_input;
    use crate::search::shuffle::shuffled;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    /// An input that cannot be opened.
    #[derive(Debug, thiserror::Error)]
    pub enum InputError {
        /// Its file cannot be read.
        #[error("input `{name}`: cannot read `{}`: {cause}", .path.display())]
        Unreadable {
            /// The input.
            name: String,
            /// The file.
            path: PathBuf,
            /// What the system says.
            cause: std::io::Error,
        },
        /// A path was given for an input that is not in the scenario.
        #[error("the scenario has no input `{name}`")]
        Unknown {
            /// The name that was given.
            name: String,
            /// The names there are.
            known: Vec<String>,
        },
        /// A record of its CSV file is not what the scenario says.
        #[error("input `{name}`: `{}`, line {line}: {cause}", .path.display())]
        Malformed {
            /// The input.
            name: String,
            /// The file.
            path: PathBuf,
            /// The line, from 1.
            line: u64,
            /// What is wrong there.
            cause: String,
        },
        /// More lines than an input holds.
        #[error("input `{name}`: `{}` has more than 2^32 lines", .path.display())]
        TooLong {
            /// The input.
            name: String,
            /// The file.
            path: PathBuf,
        },
    }

    impl InputError {
        /// What to do about it, as one imperative sentence.
        pub fn help(&self) -> String {
            match self {
                Self::Unreadable { name, .. } => format!(
                    "mend the path, which is relative to the scenario file, or give another file with --input {name}=PATH"
                ),
                Self::Unknown { known, .. } if known.is_empty() => {
                    "leave --input out; the scenario reads nothing".to_owned()
                }
                Self::Unknown { known, .. } => format!("name one of: {}", known.join(", ")),
                Self::Malformed { .. } => {
                    "mend the file, or the input's `columns` and `header`".to_owned()
                }
                Self::TooLong { .. } => "split the file".to_owned(),
            }
        }
    }

    /// Opens the inputs of a scenario: paths are relative to `base`; `replaced` gives other files by input name,
    /// relative to the working directory.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or a replaced input does not exist.
    pub fn open(
        scenario: &Scenario,
        base: &Path,
        replaced: &BTreeMap<String, PathBuf>,
        choices: &Choices,
    ) -> Result<Arc<[Arc<Log>]>, InputError> {
        let known = || scenario.inputs.iter().map(|input| input.name.clone()).collect();
        for name in replaced.keys() {
            if !scenario.inputs.iter().any(|input| input.name == *name) {
                return Err(InputError::Unknown { name: name.clone(), known: known() });
            }
        }
        let inputs = scenario.inputs.iter().enumerate();
        let open_one = |(place, input): (usize, &crate::scenario::Input)| {
            let path = match (replaced.get(&input.name), &input.kind) {
                (Some(path), _) => path.clone(),
                (None, InputKind::Text(path) | InputKind::Csv { path, .. }) => base.join(path),
                (None, InputKind::Generate { .. }) => {
                    return Ok(generate(place, input, choices).expect("it is generated"));
                }
            };
            let name = || input.name.clone();
            let bytes = std::fs::read(&path).map_err(|cause| InputError::Unreadable {
                name: name(),
                path: path.clone(),
                cause,
            })?;
            let entries = match &input.kind {
                InputKind::Csv { header, columns, .. } => {
                    csv_input::entries(&bytes, *header, columns).map_err(|malformed| {
                        let csv_input::Malformed { line, cause } = malformed;
                        InputError::Malformed { name: name(), path: path.clone(), line, cause }
                    })?
                }
                InputKind::Text(_) | InputKind::Generate { .. } => Log::text_entries(&bytes),
            };
            if u32::try_from(entries.len()).is_err() {
                return Err(InputError::TooLong { name: name(), path });
            }
            let entries = shuffled(entries, input, choices);
            let id = InputId::new(place);
            Ok(Arc::new(Log::new(id, input.partitions, input.every, entries.into())))
        };
        inputs.map(open_one).collect()
    }
}
