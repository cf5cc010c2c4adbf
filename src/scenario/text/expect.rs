//! Expectations: what must come out, by names that exist. Each table of them is declared once, and read and written by that.

use super::found::Found;
use super::layout::{Table, list, quoted};
use super::settings::{Named, Setting};
use super::word::{Ordered, Printed};
use crate::documented::{Documented, documented};
use crate::job::OperatorKind;
use crate::rules::Release;
use crate::scenario::language::Source;
use crate::scenario::language::{
    self, Described, Form, Note, Spelled, suggestion, text_table, words_of,
};
use crate::scenario::{Expect, Holds, JobConfig, Mistake, Step, TaskName};
use crate::trace::{AbortReason, AckVerdict, CheckName, JobStatus, Sometimes, Word};
use serde::de::DeserializeOwned;
use serde::de::value::{self, StrDeserializer};
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
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<Self::Key, Mistake>;
    /// As a file names it whose first job this is.
    fn name(key: &Self::Key, first: &str) -> String;
}

enum Job {}

impl Whose for Job {
    type Key = String;
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, Mistake> {
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
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<TaskName, Mistake> {
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
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, Mistake> {
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
    fn read(hopes: &Hopes<'_>, name: Spanned<String>) -> Result<String, Mistake> {
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
    ($($(#[$($note:tt)*])* $key:ident ($($place:ident).+): $Whose:ty => $Hope:ty;)+) => {
        text_table!("`expect`", defaulted:
        /// What must come out. What is not said is not asked for, but for the checks, which must all hold.
        #[derive(Deserialize, Debug, Default)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub(super) struct ExpectText {
            $($(#[$($note)*])* pub $key: Ordered<$Hope>,)+
            /// Whether a step may be refused without saying so.
            /// Usual: `false`
            /// e.g. `true`
            pub may_refuse: bool,
            /// The story must end although a job is not over and cannot go on, for a reason that holds this text. Case and punctuation
            /// do not count.
            /// e.g. `"time stands still"`
            pub stalls: Option<String>,
            /// The checks that must hold: `"all"`, or some.
            /// Usual: `"all"`
            /// e.g. `["output-equivalence"]`
            pub holds: Option<HoldsText>,
            /// Checks that must be broken: one, or some. The others must hold.
            /// e.g. `"output-equivalence"`
            pub breaks: Option<OneOrSome<CheckName>>,
            /// What must have happened at least once (`sandbar list sometimes`).
            /// e.g. `["channel-blocked"]`
            pub sometimes: Vec<Chosen<Sometimes>>,
            /// Labels of savepoints whose askers must never hear what became of them.
            /// e.g. `["first"]`
            pub unanswered: Vec<String>,
        });

        impl Hopes<'_> {
            fn tables(&self, text: &ExpectText, found: &mut Found<'_>) -> Expect {
                let mut expect = Expect::default();
                $(for (name, hope) in &text.$key.0 {
                    if let Some(whose) = found.keep(<$Whose>::read(self, name.clone())) {
                        expect.$($place).+.insert(whose, hope.value());
                    }
                })+
                expect
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
    /// By job: it must be refused when it is submitted, for a reason that holds this text. Case and punctuation do not count, so that
    /// it can be pasted from a log of Flink.
    /// e.g. `{ again = "cannot be mapped" }`
    refused (refused): Job => String;
    /// By job: it must fail for good, for a reason that holds this text. Case and punctuation do not count, so that it can be pasted
    /// from a log of Flink.
    /// e.g. `{ copy = "is not serializable" }`
    fails (fails): Job => String;
    /// By job, the ids of operators.
    /// e.g. `{ copy = { in = "cbc357ccb763df2852fee8c4fc7d55f2" } }`
    ids (ids): Job => Ordered<String>;
    /// By job, all states that must have been taken from a snapshot, each as `OPERATOR.STATE`; the report of a restore names them.
    /// e.g. `{ again = ["counts.count", "out.transactions"] }`
    restored (restored): Job => Vec<String>;
    /// By job, all states that must have begun empty although the job started from a snapshot.
    /// e.g. `{ again = ["more.count"] }`
    empty (empty): Job => Vec<String>;
    /// By job, all states of the snapshot that must have been dropped.
    /// e.g. `{ again = ["counts.count"] }`
    dropped (dropped): Job => Vec<String>;
    /// By task, the items of list states after a restore. Of a source, positions in its input are `(partition, next entry)`, those in
    /// another one `(input, partition, next entry)`.
    /// e.g. `{ "buffer/0" = { buffer = ["1", "2"] } }`
    lists (lists): Task => Ordered<Vec<String>>;
    /// By job, how its newest run must have ended.
    /// e.g. `{ count = "finished" }`
    jobs (jobs): Job => Named<JobStatus>;
    /// By sink, how many rows must be committed.
    /// e.g. `{ out = 100 }`
    committed_rows (committed_rows): Sink => u64;
    /// By sink, the last value of each of these keys.
    /// e.g. `{ out = { the = 81 } }`
    committed (committed): Sink => Ordered<Printed>;
    /// By job, the checkpoint that its newest run must have been restored from last.
    /// e.g. `{ count = 3 }`
    restored_from (restored_from): Job => u64;
    /// By job, the checkpoints and savepoints that must have completed: these, in this order, and no others.
    /// e.g. `{ count = [1, 2, 3] }`
    completed (completed): Job => Vec<u64>;
    /// By job, the checkpoints that must be kept in the end.
    /// e.g. `{ count = [3] }`
    retained (retained): Job => Vec<u64>;
    /// By the label of a snapshot, which of its files must be there: `metadata`, `data`.
    /// e.g. `{ first = ["metadata", "data"] }`
    files (files): Label => Vec<Spanned<String>>;
    /// By task, the calls of its operators, in order.
    /// e.g. `{ "counts/0" = ["initializeState", "open"] }`
    callbacks (callbacks): Task => Vec<String>;
    /// By task, how many attempts of it were started.
    /// e.g. `{ "counts/0" = 2 }`
    attempts (attempts): Task => u64;
    /// By sink: of each transaction that was committed, the checkpoint that allowed it.
    /// e.g. `{ out = [1, 2] }`
    commits (protocol.commits): Sink => Vec<u64>;
    /// By job: the checkpoints that its runs gave up, each with why.
    /// e.g. `{ count = ["2 expired"] }`
    aborted (protocol.aborted): Job => Vec<AboutText<AbortReason>>;
    /// By task: the checkpoints that it acked, each with what the coordinator made of it.
    /// e.g. `{ "counts/0" = ["1 accepted"] }`
    acks (protocol.acks): Task => Vec<AboutText<AckVerdict>>;
    /// By job: how many snapshots of tasks nobody will ever remove.
    /// e.g. `{ count = 1 }`
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

/// A word of a closed list of the trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<W>(W);

impl<'de, W: Word> Deserialize<'de> for Chosen<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || de::Error::custom(format!("there is no {} `{name}`", W::WHAT));
        W::named(&name).map(Self).ok_or_else(unknown)
    }
}

impl<W: Word> Described for Chosen<W> {
    fn form() -> Form {
        let word = |word: &W| language::Word {
            name: word.name().to_owned(),
            note: Note::read(word.about()),
        };
        Form::Words(W::ALL.iter().map(word).collect())
    }
}

/// One word, or a list of them.
#[derive(Debug)]
pub(super) struct OneOrSome<W>(Vec<W>);

impl<'de, W: Word> Deserialize<'de> for OneOrSome<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, bound = "W: Word")]
        enum Either<W: Word> {
            One(Chosen<W>),
            Some(Vec<Chosen<W>>),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::One(word) => Self(vec![word.0]),
            Either::Some(words) => Self(words.into_iter().map(|word| word.0).collect()),
        })
    }
}

impl<W: Word> Described for OneOrSome<W> {
    fn form() -> Form {
        let words = || Chosen::<W>::form();
        Form::Either(
            "a word in quotes, or a list of them",
            vec![words(), Form::List(Box::new(words()))],
        )
    }
}

/// `"all"`, or the checks that must hold.
#[derive(Deserialize, Debug)]
#[serde(untagged)]
pub(super) enum HoldsText {
    All(AllText),
    Only(OneOrSome<CheckName>),
}

documented! {
    /// The word for every check.
    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum AllText {
        /// Every check must hold.
        All,
    }
}

impl Described for HoldsText {
    fn form() -> Form {
        let (mut forms, mut words) =
            (OneOrSome::<CheckName>::form().choices().to_vec(), words_of::<AllText>());
        if let Some(Form::Words(checks)) = forms.first_mut() {
            words.append(checks);
            *checks = words;
        }
        Form::Either("`\"all\"`, a check, or a list of checks", forms)
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

impl<W: Documented + DeserializeOwned> Described for AboutText<W> {
    fn form() -> Form {
        Form::Text(Spelled {
            what: "a checkpoint's number and a word about it",
            example: "2 expired",
            check: |text| {
                let word: Result<Self, value::Error> =
                    Self::deserialize(StrDeserializer::new(text));
                word.map(|_| ()).map_err(|wrong| match text.split_once(' ') {
                    None => wrong.to_string(),
                    Some((_, word)) => {
                        let words = words_of::<W>();
                        let help = suggestion(word, words.iter().map(|word| word.name.as_str()));
                        format!("unknown word `{word}`: {}", help.unwrap_or_default())
                    }
                })
            },
        })
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
    table.put_some("stalls", expect.stalls.as_ref().map(quoted));
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
    pub(super) fn expect(&self, text: ExpectText, found: &mut Found<'_>) -> Expect {
        let mut expect = self.tables(&text, found);
        for piece in text.files.0.iter().flat_map(|(_, pieces)| pieces) {
            let known = ["metadata", "data"];
            if !known.contains(&piece.get_ref().as_str()) {
                let message = format!("a savepoint has no `{}`", piece.get_ref());
                found.add(self.source.unknown(&piece.span(), message, piece.get_ref(), known));
            }
        }
        expect.may_refuse = text.may_refuse;
        expect.stalls = text.stalls;
        expect.holds = match text.holds {
            Some(HoldsText::Only(checks)) => Holds::Only(checks.0),
            Some(HoldsText::All(_)) | None => Holds::All,
        };
        expect.breaks = text.breaks.map(|breaks| breaks.0).unwrap_or_default();
        expect.sometimes = text.sometimes.into_iter().map(|word| word.0).collect();
        expect.protocol.unanswered = text.unanswered;
        expect
    }

    /// The expectations of single releases, each of which is played.
    pub(super) fn by_release(
        &self,
        texts: Ordered<ExpectText>,
        flink: Release,
        also: &[Release],
        found: &mut Found<'_>,
    ) -> BTreeMap<Release, Expect> {
        let mut by_release = BTreeMap::new();
        for (name, text) in texts.0 {
            let at = name.span();
            let release = super::release::release(self.source, "expect-in", &at, name.get_ref());
            let Some(release) = found.keep(release) else { continue };
            if release != flink && !also.contains(&release) {
                let message = format!("the story is not played under Flink {release}");
                let help = "add the release to `flink`, or leave what is expected there out";
                found.add(self.source.error_with(&at, message, help));
            }
            by_release.insert(release, self.expect(text, found));
        }
        by_release
    }
}
