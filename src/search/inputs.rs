//! Opening the inputs of a scenario: text files, and logs drawn from the seed.

use super::shuffle::order;
use crate::job::{InputId, Value};
use crate::kernel::{Choices, to_index};
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
    let entry = move |place: u32| {
        // Two draws an entry, counted from 1.
        let mut draws = 2 * u64::from(place);
        let entry = Log::generated_entry(keys, |bound| {
            draws += 1;
            stream.below(draws, bound)
        });
        match step {
            Some(step) => timed(&entry, i64::from(place).saturating_mul(step)),
            None => entry,
        }
    };
    let (id, partitions, every) = (InputId::new(place), input.partitions, input.every);
    let log = match order((0..records).map(&entry), input, choices) {
        None => Log::drawn(id, partitions, every, records, entry).growing(&input.grows),
        Some(order) => {
            let entry = move |place| entry(order[to_index(place)]);
            Log::drawn(id, partitions, every, records, entry).growing(&input.grows)
        }
    };
    Some(Arc::new(log))
}

/// The row with a time as one more column.
fn timed(entry: &Value, time: i64) -> Value {
    let columns = entry.as_row().unwrap_or_default().iter().cloned();
    Value::row_of(columns.chain([Value::Int(time)]))
}

#[cfg(feature = "fs")]
pub use with_files::{InputError, STDIN, open, open_given, unreadable};

#[cfg(feature = "fs")]
mod with_files {
    use super::{Arc, Choices, Input, InputId, InputKind, Log, Scenario, Value, generate};
    use crate::scenario::bounds::{INPUT_BYTES, RECORDS};
    use crate::search::csv_input;
    use crate::search::read::{ReadError, read_file};
    use crate::search::shuffle::shuffled;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    /// The path that means standard input.
    pub const STDIN: &str = "-";

    /// An input that cannot be opened.
    #[derive(Debug, thiserror::Error)]
    pub enum InputError {
        /// Its file cannot be read, has no end, or is too long.
        #[error("input `{name}`: cannot read `{}`: {cause}", .path.display())]
        Unreadable {
            /// The input.
            name: String,
            /// The file.
            path: PathBuf,
            /// Why.
            cause: ReadError,
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
        /// More records than all inputs together hold.
        #[error("input `{name}`: with `{}` there are {RECORDS}", .path.display())]
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
                Self::Unreadable { name, cause: ReadError::Refused(_), .. } => format!(
                    "mend the path, which is relative to the scenario file, or give another file with --input {name}=PATH"
                ),
                Self::Unreadable { cause, .. } => {
                    cause.help().unwrap_or("give another file").to_owned()
                }
                Self::Unknown { known, .. } if known.is_empty() => {
                    "leave --input out; the scenario reads nothing".to_owned()
                }
                Self::Unknown { known, .. } => format!("name one of: {}", known.join(", ")),
                Self::Malformed { .. } => {
                    "mend the file, or the input's `columns` and `header`".to_owned()
                }
                Self::TooLong { .. } => RECORDS.help.to_owned(),
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
        open_given(scenario, base, replaced, None, choices)
    }

    /// The same; `given` is what has been read already in place of the file `-`.
    ///
    /// # Errors
    ///
    /// As [`open`].
    pub fn open_given(
        scenario: &Scenario,
        base: &Path,
        replaced: &BTreeMap<String, PathBuf>,
        given: Option<&[u8]>,
        choices: &Choices,
    ) -> Result<Arc<[Arc<Log>]>, InputError> {
        let known = || scenario.inputs.iter().map(|input| input.name.clone()).collect();
        for name in replaced.keys() {
            if !scenario.inputs.iter().any(|input| input.name == *name) {
                return Err(InputError::Unknown { name: name.clone(), known: known() });
            }
        }
        let mut records = 0;
        let mut opened = Vec::new();
        for (place, input) in scenario.inputs.iter().enumerate() {
            let path = match (replaced.get(&input.name), &input.kind) {
                (Some(path), _) => path.clone(),
                (None, InputKind::Text(path) | InputKind::Csv { path, .. }) => base.join(path),
                (None, InputKind::Generate { records: generated, .. }) => {
                    records += u64::from(*generated);
                    opened.push(generate(place, input, choices).expect("it is generated"));
                    continue;
                }
            };
            let entries = match given.filter(|_| path == Path::new(STDIN)) {
                Some(bytes) => entries_of(bytes, input, &path)?,
                None => entries_in(input, &path)?,
            };
            records += u64::try_from(entries.len()).unwrap_or(u64::MAX);
            if records > RECORDS.most {
                return Err(InputError::TooLong { name: input.name.clone(), path });
            }
            let entries = shuffled(entries, input, choices);
            let id = InputId::new(place);
            let log = Log::new(id, input.partitions, input.every, entries.into());
            opened.push(Arc::new(log.growing(&input.grows)));
        }
        Ok(opened.into())
    }

    /// What keeps the inputs that a scenario names from being opened: an error for each of them, in order of the file.
    pub fn unreadable(scenario: &Scenario, base: &Path) -> Vec<InputError> {
        let mut records = 0;
        let mut errors = Vec::new();
        for input in &scenario.inputs {
            let path = match &input.kind {
                InputKind::Text(path) | InputKind::Csv { path, .. } => base.join(path),
                InputKind::Generate { records: generated, .. } => {
                    records += u64::from(*generated);
                    continue;
                }
            };
            match entries_in(input, &path) {
                Ok(entries) => records += u64::try_from(entries.len()).unwrap_or(u64::MAX),
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            }
            if records > RECORDS.most {
                errors.push(InputError::TooLong { name: input.name.clone(), path });
                break;
            }
        }
        errors
    }

    /// The entries of an input in its file.
    fn entries_in(input: &Input, path: &Path) -> Result<Vec<Value>, InputError> {
        let bytes = read_file(path, &INPUT_BYTES).map_err(|cause| {
            let (name, path) = (input.name.clone(), path.to_owned());
            InputError::Unreadable { name, path, cause }
        })?;
        entries_of(&bytes, input, path)
    }

    /// The entries of a file of an input; not many more than there may be.
    fn entries_of(bytes: &[u8], input: &Input, path: &Path) -> Result<Vec<Value>, InputError> {
        let (name, path) = (|| input.name.clone(), || path.to_owned());
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        match &input.kind {
            InputKind::Csv { header, columns, .. } => csv_input::entries(bytes, *header, columns)
                .map_err(|malformed| {
                    let csv_input::Malformed { line, cause } = malformed;
                    InputError::Malformed { name: name(), path: path(), line, cause }
                }),
            InputKind::Text(_) | InputKind::Generate { .. } => {
                if RECORDS.is_exceeded_by(lines) {
                    return Err(InputError::TooLong { name: name(), path: path() });
                }
                Ok(Log::text_entries(bytes))
            }
        }
    }
}
