//! Expectations: what must come out, by names that exist.

use super::shape::ExpectText;
use super::source::Source;
use super::word::{OneOrMany, Ordered};
use crate::job::OperatorKind;
use crate::rules::Release;
use crate::scenario::{Expect, Holds, JobConfig, ScenarioError, Step, TaskName};
use crate::trace::Word;
use std::collections::BTreeMap;
use toml::Spanned;

/// What expectations can name.
pub(super) struct Hopes<'t> {
    pub source: Source<'t>,
    pub jobs: &'t [JobConfig],
    pub steps: &'t [Step],
}

impl Hopes<'_> {
    /// The expectations, with every name checked.
    pub(super) fn expect(&self, mut text: ExpectText) -> Result<Expect, ScenarioError> {
        let told = self.told(&mut text)?;
        let printed = |rows: Ordered<super::word::Printed>| {
            let row =
                |(key, value): (Spanned<String>, super::word::Printed)| (key.into_inner(), value.0);
            rows.0.into_iter().map(row).collect()
        };
        let plain = |table: Ordered<String>| {
            table.0.into_iter().map(|(name, value)| (name.into_inner(), value)).collect()
        };
        let ids = self.by_job(text.ids)?.into_iter();
        let lists = self.by_task(text.lists)?.into_iter();
        let items = |states: Ordered<Vec<String>>| {
            states.0.into_iter().map(|(name, items)| (name.into_inner(), items)).collect()
        };
        Ok(Expect {
            told,
            refused: self.by_job(text.refused)?,
            fails: self.by_job(text.fails)?,
            ids: ids.map(|(job, ids)| (job, plain(ids))).collect(),
            restored: self.by_job(text.restored)?,
            empty: self.by_job(text.empty)?,
            dropped: self.by_job(text.dropped)?,
            lists: lists.map(|(task, states)| (task, items(states))).collect(),
            jobs: self.by_job(text.jobs)?,
            may_refuse: text.may_refuse,
            holds: match text.holds {
                None => Holds::All,
                Some(holds) if is_all(holds.get_ref()) => Holds::All,
                Some(holds) => Holds::Only(self.names(holds)?),
            },
            breaks: match text.breaks {
                None => Vec::new(),
                Some(breaks) => self.names(breaks)?,
            },
            sometimes: self.words(text.sometimes)?,
            committed_rows: self.by_sink(text.committed_rows)?,
            committed: self
                .by_sink(text.committed)?
                .into_iter()
                .map(|(sink, rows)| (sink, printed(rows)))
                .collect(),
            restored_from: self.by_job(text.restored_from)?,
            completed: self.by_job(text.completed)?,
            retained: self.by_job(text.retained)?,
            files: super::files::files(self.source, self.steps, text.files)?,
            callbacks: self.by_task(text.callbacks)?,
            attempts: self.by_task(text.attempts)?,
        })
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

    /// A table by job.
    pub(super) fn by_job<T>(
        &self,
        table: Ordered<T>,
    ) -> Result<BTreeMap<String, T>, ScenarioError> {
        let mut by_job = BTreeMap::new();
        for (name, value) in table.0 {
            self.source.job(self.jobs, &name.span(), name.get_ref())?;
            by_job.insert(name.into_inner(), value);
        }
        Ok(by_job)
    }

    /// A table by task.
    pub(super) fn by_task<T>(
        &self,
        table: Ordered<T>,
    ) -> Result<BTreeMap<TaskName, T>, ScenarioError> {
        let named = |(name, value)| Ok((self.source.task(self.jobs, &name)?, value));
        table.0.into_iter().map(named).collect()
    }

    /// A table by sink, of any job.
    pub(super) fn by_sink<T>(
        &self,
        table: Ordered<T>,
    ) -> Result<BTreeMap<String, T>, ScenarioError> {
        let nodes = self.jobs.iter().flat_map(|job| &job.graph.operators);
        let sinks = nodes.filter(|node| matches!(node.kind, OperatorKind::Sink { .. }));
        let sinks: Vec<&str> = sinks.map(|node| node.name.as_str()).collect();
        let mut by_sink = BTreeMap::new();
        for (name, value) in table.0 {
            if !sinks.contains(&name.get_ref().as_str()) {
                let message = format!("no job has a sink `{}`", name.get_ref());
                let known = sinks.iter().copied();
                return Err(self.source.unknown(&name.span(), message, name.get_ref(), known));
            }
            by_sink.insert(name.into_inner(), value);
        }
        Ok(by_sink)
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
