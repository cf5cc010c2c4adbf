use super::*;
use crate::coordinator::checkpoints::Participants;
use crate::coordinator::pending::Purpose;
use crate::job::{
    AtEnd, CheckpointConfig, JobGraph, JobId, OperatorKind, OperatorNode, OperatorOptions, Reader,
};
use crate::job::{RunId, RunLayout, Stop};
use crate::operator::Log;
use crate::rules::Release;
use crate::trace::AckVerdict;

/// A run with one source of two readers and four splits, and what it asked for.
struct Run {
    plan: Arc<Plan>,
    splits: Splits,
    checkpoints: Checkpoints,
    effects: JobEffects,
    /// Messages that the cluster would have carried away.
    sent: Vec<(LocalTaskId, ToTask)>,
}

fn source() -> OperatorNode {
    OperatorNode {
        name: "rows".to_owned(),
        uid: Some("rows".to_owned()),
        parallelism: 2,
        max_parallelism: None,
        kind: OperatorKind::Source { input: "rows".to_owned(), then: AtEnd::End },
        inputs: Vec::new(),
        chain: Default::default(),
        slot_sharing_group: None,
        key_by: None,
        takes: SimTime::ZERO,
        options: OperatorOptions { reader: Reader::Splits, ..OperatorOptions::default() },
    }
}

impl Run {
    fn new() -> Self {
        let graph = JobGraph { operators: vec![source()], chaining: true, ..JobGraph::default() };
        let plan = Plan::build(Arc::new(graph)).expect("a source alone is a job");
        let (plan, run) = (Arc::new(plan), RunId::default());
        let layout = Arc::new(RunLayout::new(run, "job#0".to_owned(), 0, Arc::clone(&plan)));
        let rules = Arc::new(Release::default().rules());
        let operator = OperatorIndex::default();
        let starting = StartingOffsets::Earliest;
        let source = SplitSource { operator, input: InputId::default(), starting };
        let log = Log::new(InputId::default(), 4, SimTime::ZERO, Vec::new().into());
        let inputs = Inputs::new(["rows"], [Arc::new(log)].into());
        let config = CheckpointConfig::default();
        let checkpoints = Checkpoints::new(run, JobId::default(), config, Arc::clone(&rules));
        let mut splits = Splits::new(layout, &[source], inputs, rules);
        splits.reset(&plan, None, SimTime::ZERO);
        Self { plan, splits, checkpoints, effects: JobEffects::default(), sent: Vec::new() }
    }

    fn settle(&mut self) {
        let Self { plan, splits, checkpoints, effects, sent } = self;
        splits.settle(plan, &vec![Attempt::default(); plan.tasks.len()], checkpoints, effects);
        sent.append(&mut effects.messages);
    }

    /// A reader says something.
    fn says(&mut self, reader: usize, event: ReaderEvent) {
        self.splits.on_event(&self.plan, LocalTaskId::new(reader), event);
        self.settle();
    }

    /// A savepoint is triggered.
    fn trigger(&mut self) {
        let readers = vec![LocalTaskId::new(0), LocalTaskId::new(1)];
        let participants = Participants {
            to_trigger: readers.clone(),
            to_ack: readers,
            finished: Vec::new(),
            all_running: true,
        };
        let purpose = Purpose::User {
            step: 0,
            label: "half".into(),
            then_cancel: false,
            stop: Stop::No,
            native: false,
        };
        let now = SimTime::ZERO;
        let Self { checkpoints, effects, .. } = self;
        checkpoints.request(now, &participants, purpose, effects).expect("all tasks run");
        self.settle();
    }

    /// What has been sent since this was last asked: of a barrier no split, of the end of splits none, either.
    fn sent(&mut self) -> Vec<(usize, Sent)> {
        let messages = std::mem::take(&mut self.sent).into_iter();
        let sent = messages.map(|(task, message)| match &message {
            ToTask::Split(number, split) => {
                (task.index(), Sent::Split(*number, split.map(|split| split.partition)))
            }
            ToTask::Trigger(_) => (task.index(), Sent::Barrier),
            ToTask::Deploy(_)
            | ToTask::Cancel
            | ToTask::NotifyComplete(_)
            | ToTask::NotifyAborted(_) => panic!("{message:?} was sent"),
        });
        sent.collect()
    }

    /// Every ack of checkpoint 1 comes in, and it completes.
    fn complete(&mut self) -> CompletedCheckpoint {
        let ack = || (vec![Arc::new(OperatorSnapshot::default())], false);
        for reader in [0, 1].map(LocalTaskId::new) {
            let verdict =
                self.checkpoints.on_ack(FIRST, reader, ack(), &self.plan, &mut self.effects);
            assert_eq!(verdict, AckVerdict::Accepted);
        }
        let (attempt, now) = (Attempt::default(), SimTime::ZERO);
        let completion =
            self.checkpoints.on_metadata(FIRST, attempt, &self.plan, now, &mut self.effects);
        CompletedCheckpoint::clone(&completion.expect("all acks were in").checkpoint)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    Split(u64, Option<u16>),
    Barrier,
}

use ReaderEvent::{Asks, Passed, Received};
use Sent::{Barrier, Split as Gives};

const FIRST: CheckpointId = CheckpointId::new(1);

#[test]
fn every_split_is_given_once_and_then_there_are_no_more() {
    let mut run = Run::new();
    for number in 0..6 {
        run.says(0, Asks);
        run.says(0, Asks);
        let split = u16::try_from(number).ok().filter(|split| *split < 4);
        assert_eq!(run.sent(), [(0, Gives(number, split))], "asking twice gives one");
        run.says(0, Received(number));
    }
}

#[test]
fn no_barrier_goes_out_before_the_state_is_written_and_assignments_have_arrived() {
    let mut run = Run::new();
    run.says(0, Asks);
    run.trigger();
    assert_eq!(run.sent(), [(0, Gives(0, Some(0)))]);
    run.splits.on_written(FIRST);
    run.settle();
    assert_eq!(run.sent(), [], "the assignment is under way");
    run.says(0, Received(0));
    assert_eq!(run.sent(), [(0, Barrier), (1, Barrier)]);
}

#[test]
fn a_reader_is_sent_nothing_between_the_enumerators_state_and_its_barrier() {
    let mut run = Run::new();
    run.trigger();
    run.says(0, Asks);
    run.splits.on_written(FIRST);
    run.says(1, Asks);
    assert_eq!(run.sent(), [(0, Barrier), (1, Barrier)]);
    run.says(1, Passed(FIRST));
    assert_eq!(run.sent(), [(1, Gives(0, Some(0)))]);
    run.checkpoints.abort(FIRST, crate::trace::AbortReason::Expired, &mut JobEffects::default());
    run.settle();
    assert_eq!(run.sent(), [(0, Gives(1, Some(1)))], "a gate opens when its checkpoint is over");
}

#[test]
fn an_assignment_that_nobody_acknowledged_blames_its_reader() {
    let mut run = Run::new();
    run.says(1, Asks);
    run.says(0, Asks);
    run.says(0, Received(1));
    assert_eq!(run.splits.on_timeout(1), None);
    assert_eq!(run.splits.on_timeout(0), Some(LocalTaskId::new(1)));
}

#[test]
fn a_restart_gives_again_what_the_checkpoint_has_of_the_enumerator() {
    let mut run = Run::new();
    run.says(0, Asks);
    run.says(0, Received(0));
    run.trigger();
    run.splits.on_written(FIRST);
    run.settle();
    run.says(0, Passed(FIRST));
    run.says(0, Asks);
    run.sent();
    let checkpoint = run.complete();
    run.splits.reset(&run.plan, Some(&checkpoint), SimTime::ZERO);
    run.says(1, Asks);
    assert_eq!(run.sent(), [(1, Gives(2, Some(1)))], "split 0 is in the reader's snapshot");
}

#[test]
fn a_reader_that_starts_again_alone_gives_back_what_its_checkpoint_does_not_cover() {
    let mut run = Run::new();
    run.says(0, Asks);
    run.says(0, Received(0));
    run.trigger();
    run.splits.on_written(FIRST);
    run.settle();
    run.says(0, Passed(FIRST));
    run.says(1, Passed(FIRST));
    run.says(0, Asks);
    run.sent();
    run.splits.give_back(LocalTaskId::new(0), Some(FIRST));
    run.says(1, Asks);
    assert_eq!(run.sent(), [(1, Gives(2, Some(1)))], "split 0 is in the reader's snapshot");
    run.splits.give_back(LocalTaskId::new(0), None);
    run.says(0, Asks);
    assert_eq!(run.sent(), [(0, Gives(3, Some(0)))], "nothing is, if it starts from nothing");
}
