//! Whether a record can come too late for a window at all: how far out of order sources read, and what they allow for.

use super::graph::upstream;
use crate::job::{DelayOptions, JobGraph, OperatorNode, Reader, WindowOptions, WindowTime};
use crate::scenario::{Input, InputKind, Scenario};

/// How far behind a later one a record of an input comes at most, in milliseconds of the column that a source reads.
fn disorder(input: &Input, column: u16) -> Option<i64> {
    match (&input.shuffle, &input.kind) {
        (Some(shuffle), _) if shuffle.column == column => Some(shuffle.within - 1),
        (None, InputKind::Generate { step: Some(_), .. }) if column == 2 => Some(0),
        (Some(_) | None, _) => None,
    }
}

/// How far behind the watermark of its source a record comes at most; none if that cannot be told.
fn lag(scenario: &Scenario, source: &OperatorNode) -> Option<i64> {
    let input = source.input()?;
    let time = source.options.time?;
    if time.idle_after.is_some() || source.options.reader == Reader::Splits {
        return None;
    }
    let Some(column) = time.column else { return Some(0) };
    let input = scenario.inputs.iter().find(|known| known.name == input)?;
    disorder(input, column).map(|disorder| (disorder - time.out_of_orderness).max(0))
}

/// Whether a record may come too late for a window operator: watermarks follow from what sources read, and each source
/// says how far out of order that is.
pub(super) fn can_be_late(scenario: &Scenario, graph: &JobGraph, window: usize) -> bool {
    let Some(options) = graph.operators[window].options.window else { return true };
    let mut allowed = options.windows.lateness();
    let mut most = 0;
    for place in upstream(graph, window) {
        let node = &graph.operators[place];
        if node.is_source() {
            match lag(scenario, node) {
                Some(lag) => most = most.max(lag),
                None => return true,
            }
        }
        let is_by_clock = |delay: DelayOptions| delay.time == WindowTime::Processing;
        if node.options.delay.is_some_and(is_by_clock) {
            return true;
        }
        let is_other = |of: WindowOptions| (place != window).then_some(of.time);
        match node.options.window.and_then(is_other) {
            // Of a window that fires again the second row is late for others.
            Some(WindowTime::Event) => allowed = 0,
            Some(WindowTime::Processing) => return true,
            None => {}
        }
    }
    most > allowed
}
