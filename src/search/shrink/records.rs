//! Fewer records: as few as possible of each input, in the same time or in less.

use super::Search;
use super::coherent::tidy;
use crate::job::{AtEnd, OperatorKind};
use crate::scenario::{InputKind, Scenario};

/// How often the least number of records that will do is asked for between one that will not and one that will.
const REFINED: u32 = 3;

/// What stands in for the records that are gone.
#[derive(Clone, Copy)]
enum InPlace {
    /// Nothing.
    Nothing,
    /// The sources wait for more, for ever.
    Idle,
    /// The others come later: as long as before there is something to read.
    Stretched,
}

const WAYS: [InPlace; 3] = [InPlace::Idle, InPlace::Nothing, InPlace::Stretched];

impl Search<'_, '_> {
    /// Fewer records of each input.
    pub(super) fn records(&mut self) {
        for place in 0..self.smallest.scenario.inputs.len() {
            for way in WAYS {
                self.records_of(place, way);
            }
        }
    }

    /// Goes up from one record until it is enough, then back towards what was not.
    fn records_of(&mut self, place: usize, way: InPlace) {
        let Some(most) = records(&self.smallest.scenario, place) else { return };
        let (mut too_few, mut enough) = (0, 1);
        while enough < most && self.stopped.is_none() {
            if self.attempt(self.with(place, enough, way)) {
                break;
            }
            (too_few, enough) = (enough, enough.saturating_mul(4));
        }
        enough = enough.min(most);
        for _ in 0..REFINED {
            let between = too_few + (enough - too_few) / 2;
            if between == too_few || self.stopped.is_some() {
                return;
            }
            if self.attempt(self.with(place, between, way)) {
                enough = between;
            } else {
                too_few = between;
            }
        }
    }

    /// The smallest story with so many records of an input.
    fn with(&self, place: usize, records: u32, way: InPlace) -> Scenario {
        let mut scenario = self.smallest.scenario.clone();
        let input = &mut scenario.inputs[place];
        let InputKind::Generate { records: before, .. } = &mut input.kind else { return scenario };
        let stretch = u64::from(*before / records);
        *before = records;
        match way {
            InPlace::Nothing => {}
            InPlace::Stretched => input.every = input.every.times(stretch),
            InPlace::Idle => {
                let name = input.name.clone();
                let graphs = scenario.jobs.iter_mut().map(|job| &mut job.graph);
                for node in graphs.flat_map(|graph| &mut graph.operators) {
                    if let OperatorKind::Source { input, then } = &mut node.kind
                        && *input == name
                    {
                        *then = AtEnd::Idle;
                    }
                }
            }
        }
        tidy(&mut scenario);
        scenario
    }
}

/// How many records an input has, if they are made up.
fn records(scenario: &Scenario, place: usize) -> Option<u32> {
    match scenario.inputs.get(place)?.kind {
        InputKind::Generate { records, .. } => Some(records),
        InputKind::Text(_) | InputKind::Csv { .. } => None,
    }
}
