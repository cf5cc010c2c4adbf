//! How the values of a step stand in a file: each spelling is declared once, and read and written by its declaration.

use super::layout::{quoted, time, word};
use super::settings::{Named, Setting};
pub(in crate::scenario) use super::word::Count;
use super::word::Time;
use crate::documented::Documented;
use crate::documented::documented;
use crate::job::folder_of_pointer;
use crate::kernel::SimTime;
use crate::scenario::job_config::{JobConfig, TaskName};
use crate::scenario::language::Source;
use crate::scenario::language::{Described, Form};
use crate::scenario::{ClusterConfig, Mistake};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;
use toml::Spanned;

/// A step that is read, and what it can name.
pub(in crate::scenario) struct Story<'t> {
    pub source: Source<'t>,
    pub jobs: &'t [JobConfig],
    pub cluster: &'t ClusterConfig,
    /// The labels that steps give to snapshots.
    pub labels: &'t [String],
    /// Where the step says what it does.
    pub at: Range<usize>,
}

/// The jobs of the file that is written: what need not be said depends on them.
pub(in crate::scenario) struct Jobs<'s>(pub &'s [JobConfig]);

impl Jobs<'_> {
    /// The name of the first, which is meant where none is named.
    pub(in crate::scenario) fn first(&self) -> &str {
        &self.0[0].graph.name
    }
}

/// How a value is spelled behind its key.
pub(in crate::scenario) trait Spelling {
    /// The value.
    type Value;
    /// As the reader of TOML gives it.
    type Text: DeserializeOwned + Debug + Described;
    /// What may stand there.
    fn form() -> Form {
        Self::Text::form()
    }
    /// The value of a text, with every name in it known to exist.
    fn read(text: Self::Text, story: &Story<'_>) -> Result<Self::Value, Mistake>;
    /// The text of a value; none where it need not be said.
    fn write(value: &Self::Value, jobs: &Jobs<'_>) -> Option<String>;
}

/// Declares a spelling by how it is read and how it is written.
macro_rules! spelling {
    ($(#[$doc:meta])* $Name:ident: $Text:ty => $Value:ty,
     |$text:ident, $story:pat_param| $read:expr, |$value:ident, $jobs:pat_param| $write:expr) => {
        $(#[$doc])*
        pub(in crate::scenario) enum $Name {}
        impl Spelling for $Name {
            type Value = $Value;
            type Text = $Text;
            fn read($text: $Text, $story: &Story<'_>) -> Result<$Value, Mistake> {
                $read
            }
            fn write($value: &$Value, $jobs: &Jobs<'_>) -> Option<String> {
                $write
            }
        }
    };
}

/// Declares how a struct is spelled as a table, by how messages call it: its fields in the order of the file, each with what
/// it means, its key, where that is not its name, and its spelling.
macro_rules! table {
    ($title:literal: $(#[$($about:tt)*])* $Text:ident => $Model:ident {
        $($(#[$($note:tt)*])* $field:ident $(as $key:literal)?: $Spelling:ty),+ $(,)?
    }) => {
        $(#[$($about)*])*
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(in crate::scenario) struct $Text {
            $($(#[$($note)*])* $(#[serde(rename = $key)])? pub $field: <$Spelling as Spelling>::Text,)+
        }

        impl crate::scenario::language::Described for $Text {
            fn form() -> crate::scenario::language::Form {
                use crate::scenario::language::{Described, Form, Key, Note, Table};
                Form::Table(Table {
                    title: $title,
                    note: Note::read(crate::documented::doc_of!($(#[$($about)*])*)),
                    keys: vec![$(Key {
                        name: key!($field $($key)?).to_owned(),
                        form: <$Spelling as Spelling>::form(),
                        is_needed: <<$Spelling as Spelling>::Text as Described>::IS_NEEDED,
                        note: Note::read(crate::documented::doc_of!($(#[$($note)*])*)),
                    },)+],
                    has_kinds: false,
                })
            }
        }

        impl Spelling for $Model {
            type Value = Self;
            type Text = $Text;
            fn read(text: $Text, story: &Story<'_>) -> Result<Self, Mistake> {
                Ok(Self { $($field: <$Spelling>::read(text.$field, story)?,)+ })
            }
            fn write(this: &Self, jobs: &Jobs<'_>) -> Option<String> {
                let mut table = Table::default();
                $(table.put_some(
                    &key!($field $($key)?),
                    <$Spelling>::write(&this.$field, jobs),
                );)+
                Some(table.inline())
            }
        }
    };
}

/// The key of a field: its name, unless another is given.
macro_rules! key {
    ($field:ident) => {
        stringify!($field).replace('_', "-")
    };
    ($field:ident $key:literal) => {
        $key
    };
}
pub(in crate::scenario) use {key, table};

spelling!(
    /// A job of the file; the only one need not be named.
    Job: Option<Spanned<String>> => String,
    |name, story| match (name, story.jobs) {
        (Some(name), _) => story.job(&name),
        (None, [only]) => Ok(only.graph.name.clone()),
        (None, jobs) => {
            let message = format!("a step must say which of the {} jobs it means", jobs.len());
            Err(story.source.error_with(&story.at, message, "add `job = NAME`"))
        }
    },
    |name, jobs| (jobs.0.len() > 1).then(|| quoted(name))
);
spelling!(
    /// A task: `counts/1` of the first job, or `count:counts/1`.
    Task: Spanned<String> => TaskName,
    |name, story| story.source.task(story.jobs, &name),
    |name, jobs| Some(quoted(name.text(jobs.first())))
);
spelling!(
    /// The number of a task manager.
    TaskManager: Spanned<u16> => u16,
    |number, story| {
        let (given, managers) = (*number.get_ref(), story.cluster.task_managers);
        if given < managers {
            return Ok(given);
        }
        let message = format!("there is no task manager {given}");
        let help = format!("use one of 0 to {}", managers - 1);
        Err(story.source.error_with(&number.span(), message, help))
    },
    |number, _| Some(number.to_string())
);
spelling!(
    /// The label that a step gives to a snapshot.
    NewLabel: Spanned<String> => String,
    |label, _| Ok(label.into_inner()),
    |label, _| Some(quoted(label))
);
spelling!(
    /// The label of a snapshot.
    Label: Spanned<String> => String,
    |label, story| story.label(&label),
    |label, _| Some(quoted(label))
);
spelling!(
    /// What a job starts from: the label of a snapshot, or of its metadata file.
    Pointer: Spanned<String> => String,
    |text, story| {
        let label = folder_of_pointer(text.get_ref());
        story.label(&Spanned::new(text.span(), label.to_owned()))?;
        Ok(text.into_inner())
    },
    |pointer, _| Some(quoted(pointer))
);
spelling!(
    /// A path that a snapshot is brought to.
    Path: Spanned<String> => String,
    |path, story| {
        let text = path.get_ref();
        if text.is_empty() || text.ends_with('/') {
            let message = format!("`{text}` is not the path of a savepoint");
            let help = "name the folder or file itself, as in `to = \"archive/first\"`";
            return Err(story.source.error_with(&path.span(), message, help));
        }
        Ok(path.into_inner())
    },
    |path, _| Some(quoted(path))
);
spelling!(
    /// A path as a user types it, which may lead to nothing.
    TypedPath: Spanned<String> => String,
    |path, _| Ok(path.into_inner()),
    |path, _| Some(quoted(path))
);
spelling!(
    /// A span of time.
    Span: Time => SimTime,
    |span, _| Ok(span.0),
    |span, _| Some(time(*span))
);
spelling!(
    /// A span of time that is not empty.
    Length: Spanned<Time> => SimTime,
    |span, story| match span.get_ref().0 {
        SimTime::ZERO => {
            let help = "say for how long, such as `3s`";
            Err(story.source.error_with(&span.span(), "a partition of no length", help))
        }
        length => Ok(length),
    },
    |span, _| Some(time(*span))
);
spelling!(
    /// A checkpoint by its id.
    Checkpoint: Count<{ u32::MAX }> => u64,
    |id, _| Ok(id.0.into()),
    |id, _| Some(id.to_string())
);
spelling!(
    /// How many times: once by default.
    Times: Option<Count<{ u32::MAX }>> => u32,
    |times, _| Ok(times.map_or(1, |times| times.0)),
    |times, _| (*times != 1).then(|| times.to_string())
);
spelling!(
    /// Whether a savepoint is in the format of its state backend: `format = "native"`.
    Native: Option<Spanned<Named<Format>>> => bool,
    |format, _| Ok(format.is_some_and(|format| format.value() == Format::Native)),
    |native, _| native.then(|| word(&Format::Native))
);
spelling!(
    /// `true`, of a step of which nothing else need be said.
    Yes: Spanned<bool> => (),
    |yes, story| match yes.get_ref() {
        true => Ok(()),
        false => {
            let key = story.source.key_of(yes.span().start).unwrap_or_default();
            let message = format!("`{key} = false` does nothing");
            let help = "leave the step out, or say `true`";
            Err(story.source.error_with(&yes.span(), message, help))
        }
    },
    |_yes, _| Some("true".to_owned())
);

documented! {
    /// The format of a savepoint.
    #[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(in crate::scenario) enum Format {
        Canonical,
        Native,
    }
}

/// What may be left out.
pub(in crate::scenario) struct Optional<S>(PhantomData<S>);

impl<S: Spelling> Spelling for Optional<S> {
    type Value = Option<S::Value>;
    type Text = Option<S::Text>;
    fn form() -> Form {
        S::form()
    }
    fn read(text: Self::Text, story: &Story<'_>) -> Result<Self::Value, Mistake> {
        text.map(|text| S::read(text, story)).transpose()
    }
    fn write(value: &Self::Value, jobs: &Jobs<'_>) -> Option<String> {
        value.as_ref().and_then(|value| S::write(value, jobs))
    }
}

/// A word that must be said.
pub(in crate::scenario) struct Choice<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + Debug + Documented + Copy> Spelling for Choice<T> {
    type Value = T;
    type Text = Named<T>;
    fn read(text: Named<T>, _story: &Story<'_>) -> Result<T, Mistake> {
        Ok(text.value())
    }
    fn write(value: &T, _jobs: &Jobs<'_>) -> Option<String> {
        Some(word(value))
    }
}

/// A word, or a truth, that is left out where it is the usual one.
pub(in crate::scenario) struct Usual<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + Debug + Default + PartialEq + Documented + Copy> Spelling
    for Usual<T>
{
    type Value = T;
    type Text = Option<Named<T>>;
    fn read(text: Option<Named<T>>, _story: &Story<'_>) -> Result<T, Mistake> {
        Ok(text.map(|word| word.value()).unwrap_or_default())
    }
    fn write(value: &T, _jobs: &Jobs<'_>) -> Option<String> {
        (*value != T::default()).then(|| word(value))
    }
}

/// A truth that is usually false.
pub(in crate::scenario) enum Flag {}

impl Spelling for Flag {
    type Value = bool;
    type Text = Option<bool>;
    fn read(text: Option<bool>, _story: &Story<'_>) -> Result<bool, Mistake> {
        Ok(text.unwrap_or(false))
    }
    fn write(value: &bool, _jobs: &Jobs<'_>) -> Option<String> {
        value.then(|| "true".to_owned())
    }
}

impl Story<'_> {
    /// An error about what the step does.
    pub(in crate::scenario) fn wrong<T>(&self, message: &str, help: &str) -> Result<T, Mistake> {
        Err(self.source.error_with(&self.at, message, help))
    }

    /// The error of a snapshot that goes where no other goes, which it cannot.
    pub(in crate::scenario) fn no_target<T>(
        &self,
        to: &Spanned<String>,
        what: &str,
    ) -> Result<T, Mistake> {
        let message = format!("{what} goes to no directory of its own");
        Err(self.source.error_with(&to.span(), message, "leave `to` out"))
    }

    /// The job of a name.
    pub(in crate::scenario) fn job(&self, name: &Spanned<String>) -> Result<String, Mistake> {
        self.source.job(self.jobs, &name.span(), name.get_ref()).map(|job| job.graph.name.clone())
    }

    /// The label of a snapshot that a step takes or that was saved of a job.
    fn label(&self, label: &Spanned<String>) -> Result<String, Mistake> {
        let name = label.get_ref();
        if self.labels.contains(name) || self.is_saved(label)? {
            return Ok(name.clone());
        }
        let message = format!("no step takes a savepoint known as `{name}`");
        let known = self.labels.iter().map(String::as_str);
        Err(self.source.unknown(&label.span(), message, name, known))
    }
}
