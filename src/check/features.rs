//! Which operators the jobs of a world had, among those that are not in every world.

use crate::job::{KeySelector, OperatorKind, Plan, Reader, WindowTime};
use serde::{Deserialize, Serialize};

/// Counts of worlds with a job that has such an operator; of one world each is 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OperatorFeatures {
    /// A keyed join of two streams.
    pub joins: u64,
    /// Two streams connected with tags or rules.
    pub connects: u64,
    /// An aggregate that works on a column it was told, or on several aggregates at once.
    pub row_aggregates: u64,
    /// A key of several columns.
    pub keys_of_columns: u64,
    /// A source whose readers are given splits.
    pub split_readers: u64,
    /// A writer and a committer.
    pub committers: u64,
    /// A table that knows rows again.
    pub dedup_sinks: u64,
    /// A window of event time, over times that records tell.
    #[serde(default)]
    pub event_windows: u64,
    /// A window of event time, over the times at which records were read.
    #[serde(default)]
    pub ingestion_windows: u64,
    /// A window of processing time.
    #[serde(default)]
    pub processing_windows: u64,
    /// A window that may fire again for late records.
    #[serde(default)]
    pub lateness: u64,
    /// A source that may fall idle.
    #[serde(default)]
    pub idleness: u64,
}

impl OperatorFeatures {
    /// Takes in the plan of one more job of a world.
    pub(super) fn observe(&mut self, plan: &Plan) {
        self.observe_time(plan);
        for node in &plan.graph.operators {
            let is_of_columns =
                node.key_by.is_some_and(|key| matches!(key.selector, KeySelector::Columns(_)));
            if is_of_columns {
                self.keys_of_columns = 1;
            }
            match &node.kind {
                OperatorKind::Source { .. } => {
                    if node.options.reader == Reader::Splits {
                        self.split_readers = 1;
                    }
                }
                OperatorKind::Sink { kind } => match kind.as_str() {
                    "committer" => self.committers = 1,
                    "dedup" => self.dedup_sinks = 1,
                    _ => {}
                },
                OperatorKind::Transform { kind, function } => match kind.as_str() {
                    "join" => self.joins = 1,
                    "connect" => self.connects = 1,
                    _ if node.options.column.is_some() || function == "statistics" => {
                        self.row_aggregates = 1;
                    }
                    _ => {}
                },
            }
        }
    }

    fn observe_time(&mut self, plan: &Plan) {
        let nodes = || plan.graph.operators.iter();
        let times = || nodes().filter_map(|node| node.options.time);
        if times().any(|time| time.idle_after.is_some()) {
            self.idleness = 1;
        }
        for window in nodes().filter_map(|node| node.options.window) {
            match window.time {
                WindowTime::Processing => self.processing_windows = 1,
                WindowTime::Event if times().all(|time| time.column.is_some()) => {
                    self.event_windows = 1;
                }
                WindowTime::Event => self.ingestion_windows = 1,
            }
            if window.windows.lateness() > 0 {
                self.lateness = 1;
            }
        }
    }

    /// Adds the counts of other worlds.
    pub const fn add(&mut self, other: &Self) {
        self.joins += other.joins;
        self.connects += other.connects;
        self.row_aggregates += other.row_aggregates;
        self.keys_of_columns += other.keys_of_columns;
        self.split_readers += other.split_readers;
        self.committers += other.committers;
        self.dedup_sinks += other.dedup_sinks;
        self.event_windows += other.event_windows;
        self.ingestion_windows += other.ingestion_windows;
        self.processing_windows += other.processing_windows;
        self.lateness += other.lateness;
        self.idleness += other.idleness;
    }

    /// What each count is called.
    pub const fn rows(&self) -> [(&'static str, u64); 12] {
        [
            ("joined two streams by key", self.joins),
            ("connected two streams", self.connects),
            ("aggregated a column or several at once", self.row_aggregates),
            ("keyed by several columns", self.keys_of_columns),
            ("read splits that an enumerator gave out", self.split_readers),
            ("committed through a committer", self.committers),
            ("wrote into a table that knows rows again", self.dedup_sinks),
            ("fired windows of event time", self.event_windows),
            ("fired windows of ingestion time", self.ingestion_windows),
            ("fired windows of processing time", self.processing_windows),
            ("fired windows again for late records", self.lateness),
            ("read from sources that may fall idle", self.idleness),
        ]
    }
}
