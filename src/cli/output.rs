//! Files that a run writes for its user: all of a file or nothing of it.

use super::arguments::Binding;
use super::failure::Failure;
use super::open::base;
use super::places::{Taken, where_it_leads};
use super::system::is_named_fifo;
use super::temporary;
use crate::effect::ExternalSystem;
use crate::job::Value;
use crate::scenario::{InputKind, Scenario};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is going to be written. Made before the run, so that a place that cannot be written to is told at once.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    /// Where the text goes until all of it is there; absent for devices and open pipes, which cannot be replaced.
    temporary: Option<NamedTempFile>,
}

impl Target {
    /// Prepares to write to a path, whose file is replaced if there is one. A link stays a link: what it points to is
    /// replaced or, if nothing is there, created.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let wrong = |cause: &std::io::Error| Failure::unwritable(path, cause);
        let led = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(wrong(&std::io::ErrorKind::IsADirectory.into()));
            }
            Ok(found) if found.is_file() => std::fs::canonicalize(path),
            Ok(found) if is_named_fifo(path, &found) => {
                return Err(Failure::wrong(
                    format!("cannot write `{}`: it is a fifo", path.display()),
                    "give a file, or a device such as /dev/stdout; a fifo can wait for its reader for ever",
                ));
            }
            Ok(_) => return Ok(Self { path: path.to_owned(), temporary: None }),
            Err(_) => where_it_leads(path),
        };
        let led = led.map_err(|cause| wrong(&cause))?;
        let folder = led.parent().unwrap_or(Path::new("."));
        let there = std::fs::metadata(&led).ok();
        if there.is_some() {
            // One that may not be written to is not replaced either.
            File::options().append(true).open(&led).map_err(|cause| wrong(&cause))?;
        }
        let temporary =
            temporary::file_in(folder).map_err(|cause| wrong(&without_place(&cause)))?;
        if let Some(there) = there {
            let kept = temporary.as_file().set_permissions(there.permissions());
            kept.map_err(|cause| wrong(&cause))?;
        }
        Ok(Self { path: led, temporary: Some(temporary) })
    }

    /// Writes all of it and puts it in its place.
    pub(super) fn write(self, bytes: &[u8]) -> Result<(), Failure> {
        let Self { path, temporary } = self;
        let written = match temporary {
            None => File::options().write(true).open(&path).and_then(|mut f| f.write_all(bytes)),
            Some(mut file) => file
                .write_all(bytes)
                .and_then(|()| file.as_file().sync_all())
                .and_then(|()| file.persist(&path).map(|_| ()).map_err(|error| error.error)),
        };
        written.map_err(|cause| Failure::unwritable(&path, &cause))
    }
}

/// Where the output of a command goes that plays stories; none if it is printed. Nothing of what they are read from is replaced.
pub(super) fn beside(
    output: Option<&Path>,
    file: Option<&Path>,
    replaced: &[Binding],
    stories: &[&Scenario],
) -> Result<Option<Target>, Failure> {
    let Some(path) = output else { return Ok(None) };
    let mut taken = Taken::default();
    if let Some(file) = file {
        taken.read(file);
    }
    replaced.iter().for_each(|Binding { path, .. }| taken.read(path));
    for input in stories.iter().flat_map(|story| &story.inputs) {
        if let InputKind::Text(of) | InputKind::Csv { path: of, .. } = &input.kind {
            taken.read(&file.map_or(Path::new(""), base).join(of));
        }
    }
    taken.standard_streams();
    taken.write(&format!("--output {}", path.display()), path)?;
    Ok(Some(Target::prepare(path)?))
}

/// The cause without the name of the temporary file, which the user never gave.
fn without_place(cause: &std::io::Error) -> std::io::Error {
    let text = cause.to_string();
    let said = text.split(" at path ").next().unwrap_or_default();
    std::io::Error::new(cause.kind(), said.to_owned())
}

/// What a read-committed reader of a sink sees: the last value of each key if its rows are pairs, else all values.
pub(super) fn rows_of(sink: &ExternalSystem) -> Vec<u8> {
    let mut text = Vec::new();
    if is_keyed(sink) {
        let pairs = sink.last_values();
        let pairs: BTreeMap<Vec<u8>, Vec<u8>> =
            pairs.iter().map(|(key, value)| (field(key), field(value))).collect();
        for (key, value) in pairs {
            text.extend(key.into_iter().chain(*b"\t").chain(value).chain(*b"\n"));
        }
    } else {
        for row in sink.committed.iter().chain(sink.table.values()) {
            text.extend(field(&row.value).into_iter().chain(*b"\n"));
        }
    }
    text
}

/// Whether all rows of a sink have a key.
pub(super) fn is_keyed(sink: &ExternalSystem) -> bool {
    let mut rows = sink.committed.iter().chain(sink.table.values());
    rows.all(|row| row.value.as_row().is_some_and(|columns| columns.len() >= 2))
}

/// A value in a line: text and bytes as they are, except for what would end the field or the line.
fn field(value: &Value) -> Vec<u8> {
    let plain = match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Row(..) => {
            value.to_string().into_bytes()
        }
    };
    let mut field = Vec::with_capacity(plain.len());
    for byte in plain {
        match byte {
            b'\t' => field.extend(b"\\t"),
            b'\n' => field.extend(b"\\n"),
            b'\r' => field.extend(b"\\r"),
            other => field.push(other),
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Row;
    use crate::job::Origin;
    use std::sync::Arc;

    fn sink(values: Vec<Value>) -> ExternalSystem {
        let row = |value| Row { value, origin: Origin::default(), job: 0 };
        let committed = Arc::new(values.into_iter().map(row).collect());
        ExternalSystem { committed, ..ExternalSystem::default() }
    }

    #[test]
    fn pairs_are_told_by_key_in_order_of_bytes() {
        let pair = |key, number| Value::row([Value::text(key), Value::Int(number)]);
        let sink = sink(vec![pair("b", 1), pair("a\tz", 2), pair("B", 3), pair("b", 4)]);
        assert_eq!(rows_of(&sink), b"B\t3\na\\tz\t2\nb\t4\n");
    }

    #[test]
    fn other_values_are_told_in_order() {
        let sink = sink(vec![Value::text("z"), Value::Bytes(Arc::from(*b"\xff\n")), Value::Int(1)]);
        assert_eq!(rows_of(&sink), b"z\n\xff\\n\n1\n");
        assert_eq!(rows_of(&ExternalSystem::default()), b"");
    }
}
