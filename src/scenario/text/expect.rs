//! Expectations: what must come out, by names that exist. Each table of them is declared once, and read and written by that.

use super::layout::{Table, list, quoted};
use super::settings::{Named, Setting};
use super::source::Source;
use super::word::{OneOrMany, Ordered, Printed};
use crate::job::OperatorKind;
use crate::rules::Release;
use crate::scenario::{Expect, Holds, JobConfig, ScenarioError, Step, TaskName};
use crate::trace::{AbortReason, AckVerdict, JobStatus, Word};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;
use toml::Spanned;

/// What expectations can name.
pub(super) struct Hopes<'t> {
    pub source: Source<'t>,
    pub jobs: &'t [JobConfig],
    pub steps: &'t [Step],
}

/// Of what something is expected.
trait Whose {
    type Key: Ord;
    /// What a name means.
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<Self::Key, ScenarioError>;
    /// As a file names it whose first job this is.
    fn name(key: &Self::Key, first: &str) -> String;
}

enum Job {}

impl Whose for Job {
    type Key = String;
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, ScenarioError> {
        hopes.source.job(hopes.jobs, &name.span(), name.get_ref())?;
        Ok(name.into_inner())
    }
    fn name(key: &String, _first: &str) -> String {
        key.clone()
    }
}

enum Task {}

impl Whose for Task {
    type Key = TaskName;
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<TaskName, ScenarioError> {
        hopes.source.task(hopes.jobs, &name)
    }
    fn name(key: &TaskName, first: &str) -> String {
        key.text(first)
    }
}

/// A sink of any job.
enum Sink {}

impl Whose for Sink {
    type Key = String;
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, ScenarioError> {
        let nodes = hopes.jobs.iter().flat_map(|job| &job.graph.operators);
        let sinks = nodes.filter(|node| matches!(node.kind, OperatorKind::Sink { .. }));
        let sinks: Vec<&str> = sinks.map(|node| node.name.as_str()).collect();
        if !sinks.contains(&name.get_ref().as_str()) {
            let message = format!("no job has a sink `{}`", name.get_ref());
            return Err(hopes.source.unknown(&name.span(), message, name.get_ref(), sinks));
        }
        Ok(name.into_inner())
    }
    fn name(key: &String, _first: &str) -> String {
        key.clone()
    }
}

/// The label of a snapshot that a step takes.
enum Label {}

impl Whose for Label {
    type Key = String;
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, ScenarioError> {
        let known = || hopes.steps.iter().filter_map(|step| step.action.label());
        if !known().any(|label| label == name.get_ref()) {
            let message = format!("no step takes a savepoint known as `{}`", name.get_ref());
            return Err(hopes.source.unknown(&name.span(), message, name.get_ref(), known()));
        }
        Ok(name.into_inner())
    }
    fn name(key: &String, _first: &str) -> String {
        key.clone()
    }
}

/// Declares tables of expectations: the key, where it stands in [`Expect`], of what it is, and what is expected.
macro_rules! tables {
    ($($key:ident ($($place:ident).+): $Whose:ty => $Hope:ty;)+) => {
        /// `[expect]`.
        #[derive(Deserialize, Debug, Default)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub(super) struct ExpectText {
            $(pub $key: Ordered<$Hope>,)+
            pub may_refuse: bool,
            pub holds: Option<Spanned<OneOrMany>>,
            pub breaks: Option<Spanned<OneOrMany>>,
            pub sometimes: Vec<Spanned<String>>,
            pub unanswered: Vec<String>,
        }

        impl Hopes<'_> {
            fn tables(&self, text: &ExpectText) -> Result<Expect, ScenarioError> {
                let mut expect = Expect::default();
                $(for (name, hope) in &text.$key.0 {
                    let whose = <$Whose>::read(self, name.clone())?;
                    expect.$($place).+.insert(whose, hope.value());
                })+
                Ok(expect)
            }
        }

        fn tables_of(expect: &Expect, first: &str) -> Table {
            let mut table = Table::default();
            $({
                let mut inner = Table::default();
                for (whose, hope) in &expect.$($place).+ {
                    inner.put(&<$Whose>::name(whose, first), <$Hope>::text(hope));
                }
                let key = stringify!($key).replace('_', "-");
                table.put_if(!inner.is_empty(), &key, inner.inline());
            })+
            table
        }
    };
}

tables! {
    refused (refused): Job => String;
    fails (fails): Job => String;
    ids (ids): Job => Ordered<String>;
    restored (restored): Job => Vec<String>;
    empty (empty): Job => Vec<String>;
    dropped (dropped): Job => Vec<String>;
    lists (lists): Task => Ordered<Vec<String>>;
    jobs (jobs): Job => Named<JobStatus>;
    committed_rows (committed_rows): Sink => u64;
    committed (committed): Sink => Ordered<Printed>;
    restored_from (restored_from): Job => u64;
    completed (completed): Job => Vec<u64>;
    retained (retained): Job => Vec<u64>;
    files (files): Label => Vec<Spanned<String>>;
    callbacks (callbacks): Task => Vec<String>;
    attempts (attempts): Task => u64;
    commits (protocol.commits): Sink => Vec<u64>;
    aborted (protocol.aborted): Job => Vec<AboutText<AbortReason>>;
    acks (protocol.acks): Task => Vec<AboutText<AckVerdict>>;
    orphaned (protocol.orphaned): Job => u64;
}

impl Setting for String {
    type Value = Self;
    fn value(&self) -> Self {
        self.clone()
    }
    fn text(value: &Self) -> Self {
        quoted(value)
    }
}

impl Setting for Printed {
    type Value = String;
    fn value(&self) -> String {
        self.0.clone()
    }
    fn text(value: &String) -> String {
        quoted(value)
    }
}

impl<S: Setting> Setting for Vec<S> {
    type Value = Vec<S::Value>;
    fn value(&self) -> Vec<S::Value> {
        self.iter().map(S::value).collect()
    }
    fn text(value: &Vec<S::Value>) -> String {
        list(value.iter().map(S::text))
    }
}

impl<S: Setting> Setting for Ordered<S> {
    type Value = BTreeMap<String, S::Value>;
    fn value(&self) -> BTreeMap<String, S::Value> {
        self.0.iter().map(|(key, value)| (key.get_ref().clone(), value.value())).collect()
    }
    fn text(value: &BTreeMap<String, S::Value>) -> String {
        let mut table = Table::default();
        for (key, value) in value {
            table.put(key, S::text(value));
        }
        table.inline()
    }
}

/// `"2 expired"`: a checkpoint and a word about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AboutText<W>(u64, W);

impl<'de, W: Deserialize<'de>> Deserialize<'de> for AboutText<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once(' ').and_then(|(id, word)| Some((id.parse().ok()?, word)));
        let Some((checkpoint, word)) = parts else {
            let message =
                format!("`{text}` is no checkpoint with a word about it: `\"2 expired\"`");
            return Err(de::Error::custom(message));
        };
        let word = W::deserialize(StrDeserializer::<D::Error>::new(word));
        Ok(Self(checkpoint, word?))
    }
}

impl<W: Serialize + Copy> Setting for AboutText<W> {
    type Value = (u64, W);
    fn value(&self) -> (u64, W) {
        (self.0, self.1)
    }
    fn text((checkpoint, about): &(u64, W)) -> String {
        quoted(format!("{checkpoint} {}", super::layout::word(about).trim_matches('"')))
    }
}

/// Expectations as a file says them.
pub(super) fn table(expect: &Expect, first: &str) -> Table {
    fn names<W: Word>(words: &[W]) -> String {
        list(words.iter().map(|word| quoted(word.name())))
    }
    let mut table = tables_of(expect, first);
    table.put_if(expect.may_refuse, "may-refuse", "true");
    if let Holds::Only(checks) = &expect.holds {
        table.put("holds", names(checks));
    }
    table.put_if(!expect.breaks.is_empty(), "breaks", names(&expect.breaks)).put_if(
        !expect.sometimes.is_empty(),
        "sometimes",
        names(&expect.sometimes),
    );
    let unanswered = &expect.protocol.unanswered;
    table.put_if(!unanswered.is_empty(), "unanswered", list(unanswered.iter().map(quoted)));
    table
}

impl Hopes<'_> {
    /// The expectations, with every name checked.
    pub(super) fn expect(&self, text: ExpectText) -> Result<Expect, ScenarioError> {
        let mut expect = self.tables(&text)?;
        for piece in text.files.0.iter().flat_map(|(_, pieces)| pieces) {
            let known = ["metadata", "data"];
            if !known.contains(&piece.get_ref().as_str()) {
                let message = format!("a savepoint has no `{}`", piece.get_ref());
                return Err(self.source.unknown(&piece.span(), message, piece.get_ref(), known));
            }
        }
        expect.may_refuse = text.may_refuse;
        expect.holds = match text.holds {
            Some(holds) if !is_all(holds.get_ref()) => Holds::Only(self.names(holds)?),
            Some(_) | None => Holds::All,
        };
        expect.breaks =
            text.breaks.map(|breaks| self.names(breaks)).transpose()?.unwrap_or_default();
        expect.sometimes = self.words(text.sometimes)?;
        expect.protocol.unanswered = text.unanswered;
        Ok(expect)
    }

    /// The expectations of single releases, each of which is played.
    pub(super) fn by_release(
        &self,
        texts: Ordered<ExpectText>,
        flink: Release,
        also: &[Release],
    ) -> Result<BTreeMap<Release, Expect>, ScenarioError> {
        let mut by_release = BTreeMap::new();
        for (name, text) in texts.0 {
            let at = name.span();
            let release = super::release::release(self.source, "expect-in", &at, name.get_ref())?;
            if release != flink && !also.contains(&release) {
                let message = format!("the story is not played under Flink {release}");
                let help = "add the release to `flink`, or leave what is expected there out";
                return Err(self.source.error_with(&at, message, help));
            }
            by_release.insert(release, self.expect(text)?);
        }
        Ok(by_release)
    }

    fn names<W: Word>(&self, names: Spanned<OneOrMany>) -> Result<Vec<W>, ScenarioError> {
        let at = names.span();
        match names.into_inner() {
            OneOrMany::One(name) => self.words(vec![Spanned::new(at, name)]),
            OneOrMany::Many(names) => self.words(names),
        }
    }

    fn words<W: Word>(&self, names: Vec<Spanned<String>>) -> Result<Vec<W>, ScenarioError> {
        let word = |name: Spanned<String>| {
            W::named(name.get_ref()).ok_or_else(|| {
                let message = format!("there is no {} `{}`", W::WHAT, name.get_ref());
                let known = W::ALL.iter().map(|word| word.name());
                self.source.unknown(&name.span(), message, name.get_ref(), known)
            })
        };
        names.into_iter().map(word).collect()
    }
}

/// Whether `holds` says `"all"`.
fn is_all(holds: &OneOrMany) -> bool {
    matches!(holds, OneOrMany::One(name) if name == "all")
}
