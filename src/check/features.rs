//! Which operators the jobs of a world had, among those that are not in every world.

use super::counters::counters;
use crate::job::{KeySelector, OperatorKind, Plan, Reader, WindowTime};
use crate::operator::{Catalogue, Emits, Writes};

counters! {
    /// Counts of worlds with a job that has such an operator; of one world each is 0 or 1.
    OperatorFeatures {
        /// A keyed join of two streams.
        joins = "joined two streams by key",
        /// Two streams connected with tags or rules.
        connects = "connected two streams",
        /// An aggregate that works on a column it was told, or on several aggregates at once.
        row_aggregates = "aggregated a column or several at once",
        /// A key of several columns.
        keys_of_columns = "keyed by several columns",
        /// A source whose readers are given splits.
        split_readers = "read splits that an enumerator gave out",
        /// A writer and a committer.
        committers = "committed through a committer",
        /// A table that knows rows again.
        dedup_sinks = "wrote into a table that knows rows again",
        /// A window of event time, over times that records tell.
        event_windows = "fired windows of event time",
        /// A window of event time, over the times at which records were read.
        ingestion_windows = "fired windows of ingestion time",
        /// A window of processing time.
        processing_windows = "fired windows of processing time",
        /// A window that may fire again for late records.
        lateness = "fired windows again for late records",
        /// A source that may fall idle.
        idleness = "read from sources that may fall idle",
    }
}

impl OperatorFeatures {
    /// Takes in the plan of one more job of a world.
    pub(super) fn observe(&mut self, plan: &Plan, catalogue: &Catalogue) {
        self.observe_time(plan);
        for node in &plan.graph.operators {
            let is_of_columns =
                node.key_by.is_some_and(|key| matches!(key.selector, KeySelector::Columns(_)));
            self.keys_of_columns |= u64::from(is_of_columns);
            self.split_readers |= u64::from(node.options.reader == Reader::Splits);
            let Some(entry) = catalogue.of(node) else { continue };
            self.committers |= u64::from(entry.writes == Writes::Committer);
            self.dedup_sinks |= u64::from(entry.writes == Writes::Dedup);
            let connects = !entry.keyed && entry.emits != Emits::AsItIs;
            self.joins |= u64::from(entry.inputs == 2 && entry.keyed);
            self.connects |= u64::from(entry.inputs == 2 && connects);
            // Several aggregates at once are kept in no state that can be told how to be registered.
            let is_of_row = node.options.column.is_some() || !entry.takes_keyed_state;
            let is_transform = matches!(node.kind, OperatorKind::Transform { .. });
            let aggregates_rows = is_transform && entry.takes_column && is_of_row;
            self.row_aggregates |= u64::from(aggregates_rows);
        }
    }

    fn observe_time(&mut self, plan: &Plan) {
        let nodes = || plan.graph.operators.iter();
        let times = || nodes().filter_map(|node| node.options.time);
        self.idleness |= u64::from(times().any(|time| time.idle_after.is_some()));
        for window in nodes().filter_map(|node| node.options.window) {
            match window.time {
                WindowTime::Processing => self.processing_windows = 1,
                WindowTime::Event if times().all(|time| time.column.is_some()) => {
                    self.event_windows = 1;
                }
                WindowTime::Event => self.ingestion_windows = 1,
            }
            self.lateness |= u64::from(window.windows.lateness() > 0);
        }
    }
}
