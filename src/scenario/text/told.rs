//! What is said of the messages of a protocol: a checkpoint and a word about it, `"2 expired"`.

use super::expect::Hopes;
use super::layout::{Table, list, quoted};
use super::shape::ExpectText;
use super::write::put_map;
use crate::scenario::{ScenarioError, TaskName, Told};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;

/// `"2 expired"`: a checkpoint and a word.
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

impl Hopes<'_> {
    /// What is said of messages, with every name checked.
    pub(super) fn told(&self, text: &mut ExpectText) -> Result<Told, ScenarioError> {
        let orphaned = std::mem::take(&mut text.orphaned);
        let commits = std::mem::take(&mut text.commits);
        let aborted = self.by_job(std::mem::take(&mut text.aborted))?.into_iter();
        let acks = self.by_task(std::mem::take(&mut text.acks))?.into_iter();
        Ok(Told {
            commits: self.by_sink(commits)?,
            aborted: aborted.map(|(job, told)| (job, plain(told))).collect(),
            acks: acks.map(|(task, told)| (task, plain(told))).collect(),
            orphaned: self.by_job(orphaned)?,
            unanswered: std::mem::take(&mut text.unanswered),
        })
    }
}

fn plain<W>(told: Vec<AboutText<W>>) -> Vec<(u64, W)> {
    told.into_iter().map(|AboutText(checkpoint, word)| (checkpoint, word)).collect()
}

/// Writes it.
pub(super) fn put_told(table: &mut Table, told: &Told, first: &str) {
    put_map(table, "commits", &told.commits, |ids| list(ids));
    put_map(table, "aborted", &told.aborted, |aborted| {
        list(aborted.iter().map(|(checkpoint, reason)| about(*checkpoint, reason)))
    });
    let of_task = |(task, acks): (&TaskName, &Vec<(u64, _)>)| {
        let acks = acks.iter().map(|(checkpoint, verdict)| about(*checkpoint, verdict));
        (task.text(first), list(acks))
    };
    let acks: BTreeMap<String, String> = told.acks.iter().map(of_task).collect();
    put_map(table, "acks", &acks, String::clone);
    put_map(table, "orphaned", &told.orphaned, u64::to_string);
    let unanswered = &told.unanswered;
    table.put_if(!unanswered.is_empty(), "unanswered", list(unanswered.iter().map(quoted)));
}

fn about(checkpoint: u64, word: &impl Serialize) -> String {
    let word = super::layout::word(word);
    quoted(format!("{checkpoint} {}", word.trim_matches('"')))
}
