//! What the user and the user's code do between the story's own steps: checkpoints asked for by hand, calls that throw,
//! records that take long.

use super::fault::Faults;
use super::story::step;
use crate::kernel::SimTime;
use crate::scenario::{Action, Block, Failing, FailingCall, Step, TakeCheckpoint};

/// Percent of worlds in which the user asks for checkpoints.
const MANUAL: u64 = 25;
/// Percent of worlds in which the user's code throws.
const FAIL: u64 = 30;
/// Percent of worlds in which it takes long.
const BLOCK: u64 = 20;
/// How many of each, where there are any.
const TIMES: (u64, u64) = (1, 3);

/// The steps of the user and of the user's code.
pub(super) fn steps(faults: &Faults<'_>) -> Vec<Step> {
    let Faults { draw, plot, .. } = *faults;
    let mut steps = Vec::new();
    let mut add = |kind: &str, percent, make: &dyn Fn(&str) -> Action| {
        for number in draw.times(kind, percent, &format!("{kind}/times"), TIMES) {
            let what = format!("{kind}-{number}");
            steps.push(step(faults.time(&what), make(&what)));
        }
    };
    let manual = if draw.rules.retained_checkpoints { MANUAL } else { 0 };
    add("manual", manual, &|what| {
        let job = plot.acts[faults.act(what)].name.to_owned();
        Action::Checkpoint(TakeCheckpoint { job, label: what.to_owned() })
    });
    add("fail", FAIL, &|what| Action::Fail(failing(faults, what)));
    add("block", BLOCK, &|what| {
        let task = faults.task(&format!("{what}/task"), faults.act(what));
        let range = (SimTime::from_millis(1), plot.interval.times(2));
        Action::Block(Block { task, span: Some(draw.span(format_args!("{what}/for"), range)) })
    });
    steps
}

/// A call that throws, about any checkpoint: which ones come in time nobody knows.
fn failing(faults: &Faults<'_>, what: &str) -> Failing {
    let calls = [
        (FailingCall::Snapshot, 3),
        (FailingCall::AsyncSnapshot, 5),
        (FailingCall::NotifyComplete, 3),
        (FailingCall::NotifyAborted, 1),
        (FailingCall::Process, 3),
        (FailingCall::PrepareSnapshot, 1),
        (FailingCall::Initialize, 1),
        (FailingCall::Open, 1),
        (FailingCall::Finish, 1),
    ];
    Failing {
        task: faults.task(&format!("{what}/task"), faults.act(what)),
        call: faults.draw.weighted(format_args!("{what}/call"), &calls),
        checkpoint: None,
        times: faults.draw.count(format_args!("{what}/again"), (1, 2)),
    }
}
