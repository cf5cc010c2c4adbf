//! The `CheckpointCoordinator` of one run: pending and completed checkpoints, the schedule, the id counter.
//!
//! Knows which tasks take part only from what it is told at a trigger. Does not know how a job is canceled or
//! restarted.

mod abort;
mod ignored;
mod limits;
mod store;

use super::decide::{Situation, TriggerDecision, decide_trigger};
use super::pending::{Pending, Purpose};
use super::requests::Requests;
use super::shared_registry::SharedStateRegistry;
use crate::effect::{FileChange, JobEffects, JobTimer, PointerChange, Timer, ToTask};
use crate::job::{
    Attempt, Barrier, CheckpointConfig, CheckpointId, CheckpointKind, ClaimMode, JobId,
    LocalTaskId, OperatorIndex, Plan, RunId, Stop,
};
use crate::kernel::SimTime;
use crate::rules::{FirstTrigger, Rules};
use crate::state::{AckLedger, CompletedCheckpoint, OperatorSnapshot};
use crate::trace::{AbortReason, AckVerdict, CheckpointEvent, JobEvent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// One entry of the completed store.
#[derive(Clone, Debug)]
struct Stored {
    checkpoint: Arc<CompletedCheckpoint>,
    /// Whether the run was started from it: then its files are somebody else's (`CheckpointProperties`).
    is_foreign: bool,
    /// Whether the run claimed it then, so that it removes its files.
    is_claimed: bool,
}

/// The tasks of a run as a trigger sees them, in the plan's numbering.
#[derive(Clone, Debug, Default)]
pub struct Participants {
    /// Get the trigger: tasks none of whose senders lives.
    pub to_trigger: Vec<LocalTaskId>,
    /// Must ack: all that have not finished.
    pub to_ack: Vec<LocalTaskId>,
    /// Have finished.
    pub finished: Vec<LocalTaskId>,
    /// Whether all that must ack run.
    pub all_running: bool,
}

/// A checkpoint that has completed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// The checkpoint.
    pub checkpoint: Arc<CompletedCheckpoint>,
    /// Whether its tasks are told.
    pub notifies: bool,
    /// What it was for.
    pub purpose: Purpose,
}

/// Pending and completed checkpoints of one run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    run: RunId,
    job: JobId,
    config: CheckpointConfig,
    rules: Arc<Rules>,
    next: CheckpointId,
    pending: BTreeMap<CheckpointId, Pending>,
    completed: VecDeque<Stored>,
    last_completion: Option<SimTime>,
    /// The number of the schedule in force; none while the schedule is stopped.
    schedule: Option<u64>,
    schedules: u64,
    /// What waits for a pending checkpoint to be over.
    requests: Requests,
    failures: u32,
    /// The files that its incremental checkpoints share.
    registry: SharedStateRegistry,
    /// Whether the completed store outlives the job manager.
    is_highly_available: bool,
    /// The checkpoint that the store is being told of.
    storing: Option<Arc<CompletedCheckpoint>>,
    /// All of whose acks came meanwhile.
    acked: VecDeque<CheckpointId>,
    /// The last checkpoints that are over, where only these are remembered.
    remembered: VecDeque<CheckpointId>,
}

impl Checkpoints {
    /// Of a run that has none yet.
    pub fn new(run: RunId, job: JobId, config: CheckpointConfig, rules: Arc<Rules>) -> Self {
        Self {
            run,
            job,
            config,
            rules,
            next: CheckpointId::new(1),
            pending: BTreeMap::new(),
            completed: VecDeque::new(),
            last_completion: None,
            schedule: None,
            schedules: 0,
            requests: Requests::default(),
            failures: 0,
            registry: SharedStateRegistry::default(),
            is_highly_available: false,
            storing: None,
            acked: VecDeque::new(),
            remembered: VecDeque::new(),
        }
    }

    /// Whether checkpoints are taken periodically.
    pub const fn is_periodic(&self) -> bool {
        self.config.interval.is_some()
    }

    /// The run starts from this snapshot: it is the recovery point until the first own one, and ids go on after it.
    pub fn adopt(&mut self, checkpoint: Arc<CompletedCheckpoint>, claim: ClaimMode) {
        assert!(self.completed.is_empty(), "a run adopts a snapshot before anything else");
        assert!(self.pending.is_empty(), "a run adopts a snapshot before it takes its own");
        self.next = checkpoint.properties().id.next();
        self.registry.restore(&checkpoint, &self.rules);
        let is_claimed = claim == ClaimMode::Claim;
        self.completed.push_back(Stored { checkpoint, is_foreign: true, is_claimed });
    }

    /// The snapshot that the run was started from is no recovery point any more: what `initial-restore-not-sticky` breaks.
    pub fn forget_start(&mut self) {
        self.completed.retain(|stored| !stored.is_foreign);
    }

    /// Its completed store outlives the job manager.
    pub const fn be_highly_available(&mut self) {
        self.is_highly_available = true;
    }

    /// A new job manager finds these in the store, oldest first, and ids go on.
    pub fn inherit(
        &mut self,
        completed: Vec<Arc<CompletedCheckpoint>>,
        next: CheckpointId,
        effects: &mut JobEffects,
    ) {
        assert!(self.pending.is_empty(), "a job manager takes over before anything else");
        assert!(self.storing.is_none(), "a job manager takes over before it stores a pointer");
        let id = |checkpoint: &Arc<CompletedCheckpoint>| checkpoint.properties().id;
        assert!(completed.is_sorted_by_key(id), "what the store points to is not oldest first");
        self.next = next;
        for checkpoint in &completed {
            if checkpoint.properties().job == self.job {
                self.registry.inherit(checkpoint);
                self.tell_files(checkpoint, effects);
            } else {
                // The store says whose it is (`CompletedCheckpoint.getRestoredProperties`).
                self.registry.find_foreign(checkpoint, &self.rules);
            }
        }
        let stored = |checkpoint: Arc<CompletedCheckpoint>| {
            let is_foreign = checkpoint.properties().job != self.job;
            Stored { checkpoint, is_foreign, is_claimed: false }
        };
        self.completed = completed.into_iter().map(stored).collect();
        if !self.rules.takeover_keeps_all {
            self.keep_newest(effects);
        }
    }

    /// The id that the next checkpoint gets.
    pub const fn next_id(&self) -> CheckpointId {
        self.next
    }

    /// The steps whose askers wait for a checkpoint or savepoint; nothing is pending any more.
    pub fn steps_to_answer(&mut self) -> Vec<u32> {
        let pending = std::mem::take(&mut self.pending);
        let mut steps: Vec<_> = pending.values().filter_map(|p| p.purpose.step()).collect();
        while let Some(purpose) = self.requests.take_first() {
            steps.extend(purpose.step());
        }
        steps
    }

    /// All tasks run: the schedule starts.
    pub fn start_schedule(&mut self, effects: &mut JobEffects) {
        let Some(interval) = self.config.interval else { return };
        assert!(interval > SimTime::ZERO, "a schedule without interval stays at one moment");
        self.schedules += 1;
        self.schedule = Some(self.schedules);
        self.requests.forget_periodic();
        let (after, spread) = match self.rules.first_trigger {
            FirstTrigger::AtOnce => (SimTime::ZERO, SimTime::ZERO),
            FirstTrigger::AfterInterval => (interval, SimTime::ZERO),
            FirstTrigger::Drawn => {
                let soonest = self.config.min_pause.min(interval);
                (soonest, interval.since(soonest))
            }
        };
        let kind = JobTimer::Periodic(self.schedules);
        effects.timers.push(Timer { after, spread, kind });
    }

    /// No periodic trigger fires any more.
    pub fn stop_schedule(&mut self) {
        self.schedule = None;
        self.requests.forget_periodic();
    }

    /// The schedule's timer fired.
    pub fn on_periodic(
        &mut self,
        schedule: u64,
        now: SimTime,
        participants: &Participants,
        effects: &mut JobEffects,
    ) {
        assert!(schedule <= self.schedules, "schedule {schedule} fired and never started");
        if self.schedule != Some(schedule) {
            return;
        }
        let interval = self.config.interval.expect("a schedule has an interval");
        let next = self.try_periodic(now, participants, effects).unwrap_or(interval);
        if self.rules.waiting_restarts_schedule && self.requests.wait_for_schedule() {
            return;
        }
        effects.timers.push(Timer::new(next, JobTimer::Periodic(schedule)));
    }

    /// Triggers if it may; else returns after how long to try again, if not after a whole interval.
    fn try_periodic(
        &mut self,
        now: SimTime,
        participants: &Participants,
        effects: &mut JobEffects,
    ) -> Option<SimTime> {
        let purpose = Purpose::Recovery;
        match decide_trigger(self.situation(participants, &purpose), &self.config, now) {
            TriggerDecision::Trigger => self.trigger(now, participants, purpose, effects),
            TriggerDecision::TooSoon(wait) => {
                assert!(wait > SimTime::ZERO, "a pause that is over holds a checkpoint back");
                return Some(wait);
            }
            TriggerDecision::TooMany => self.enqueue(purpose, effects),
            TriggerDecision::Refuse(reason) => {
                self.refuse(CheckpointKind::Checkpoint, reason, effects)
            }
        }
        None
    }

    /// Whether anything waits until a pending checkpoint is over.
    pub fn has_requests(&self) -> bool {
        self.requests.first().is_some()
    }

    /// A pending checkpoint is over: what waited for that is triggered, in order, as far as it may be.
    pub fn resume_queued(
        &mut self,
        now: SimTime,
        participants: &Participants,
        effects: &mut JobEffects,
    ) {
        while let Some(first) = self.requests.first() {
            let situation = self.situation(participants, first);
            if decide_trigger(situation, &self.config, now) == TriggerDecision::TooMany {
                return;
            }
            let purpose = self.requests.take_first().expect("the first is there");
            let step = purpose.step();
            if purpose == Purpose::Recovery {
                let retry = self.try_periodic(now, participants, effects);
                self.restart_schedule(retry, effects);
            } else if let Err(reason) = self.request(now, participants, purpose, effects) {
                answer_failed(step, reason, effects);
            }
        }
    }

    /// The schedule's request waited for another checkpoint and is granted: the schedule goes on from now, where the
    /// timer did not go on meanwhile.
    fn restart_schedule(&self, retry: Option<SimTime>, effects: &mut JobEffects) {
        if self.rules.waiting_restarts_schedule
            && let Some(schedule) = self.schedule
            && let Some(next) = retry.or(self.config.interval)
        {
            effects.timers.push(Timer::new(next, JobTimer::Periodic(schedule)));
        }
    }

    /// Lets a request wait.
    fn enqueue(&mut self, purpose: Purpose, effects: &mut JobEffects) {
        let dropped = self.requests.add(purpose);
        let step = dropped.and_then(|dropped| dropped.step());
        answer_failed(step, AbortReason::TooManyRequests, effects);
    }

    /// The user asks for a savepoint or a checkpoint.
    pub fn request(
        &mut self,
        now: SimTime,
        participants: &Participants,
        purpose: Purpose,
        effects: &mut JobEffects,
    ) -> Result<(), AbortReason> {
        assert!(purpose != Purpose::Recovery, "the schedule asks as a user does");
        match decide_trigger(self.situation(participants, &purpose), &self.config, now) {
            TriggerDecision::Trigger => {
                self.trigger(now, participants, purpose, effects);
                Ok(())
            }
            TriggerDecision::Refuse(reason) => {
                if self.rules.refused_savepoints_take_ids
                    && purpose.kind() == CheckpointKind::Savepoint
                {
                    self.next = self.next.next();
                }
                self.refuse(purpose.kind(), reason, effects);
                Err(reason)
            }
            TriggerDecision::TooMany => {
                self.enqueue(purpose, effects);
                Ok(())
            }
            TriggerDecision::TooSoon(_) => unreachable!("only the schedule keeps a pause"),
        }
    }

    fn situation(&self, participants: &Participants, purpose: &Purpose) -> Situation {
        Situation {
            all_running: participants.all_running && !participants.to_ack.is_empty(),
            lacks_finished: !self.rules.checkpoints_after_tasks_finish
                && !participants.finished.is_empty(),
            pending: u32::try_from(self.pending_that_count()).expect("few are pending"),
            last_completion: self.last_completion,
            is_forced: purpose.kind() == CheckpointKind::Savepoint && !self.config.unaligned,
            is_periodic: *purpose == Purpose::Recovery && self.rules.minimum_pause_kept,
        }
    }

    fn refuse(&self, kind: CheckpointKind, reason: AbortReason, effects: &mut JobEffects) {
        effects.events.push(JobEvent::TriggerRefused { kind, reason }.of(self.run));
    }

    fn trigger(
        &mut self,
        now: SimTime,
        participants: &Participants,
        purpose: Purpose,
        effects: &mut JobEffects,
    ) {
        let checkpoint = self.next;
        assert!(participants.all_running, "checkpoint {checkpoint} was triggered too early");
        assert!(!participants.to_ack.is_empty(), "nobody is to ack checkpoint {checkpoint}");
        let newest = self.pending.last_key_value().map(|(newest, _)| *newest);
        assert!(newest < Some(checkpoint), "checkpoint {checkpoint} is not the newest: {newest:?}");
        self.next = checkpoint.next();
        let kind = purpose.kind();
        effects.events.push(CheckpointEvent::Triggered { kind }.of(self.run, checkpoint));
        let stop = purpose.stop();
        if stop.is_stop() {
            let drain = stop == Stop::Drain;
            effects.events.push(CheckpointEvent::Stopping { drain }.of(self.run, checkpoint));
        }
        let alignment = self.config.alignment(kind);
        let barrier = Barrier { checkpoint, kind, triggered: now, stop, alignment };
        let triggered = participants.to_trigger.iter();
        effects.messages.extend(triggered.map(|task| (*task, ToTask::Trigger(barrier))));
        effects.timers.push(Timer::new(self.config.timeout, JobTimer::Expire(checkpoint)));
        let mut to_ack = participants.to_ack.clone();
        if !self.rules.every_participant_awaited && to_ack.len() > 1 {
            to_ack.pop();
        }
        let pending = Pending {
            purpose,
            triggered: now,
            ledger: AckLedger::new(to_ack),
            finished: participants.finished.iter().copied().collect(),
            at_end: BTreeSet::new(),
            coordinators: BTreeMap::new(),
            is_writing: false,
        };
        let is_live = |task: LocalTaskId| !pending.finished.contains(&task);
        assert!(pending.ledger.participants().all(is_live), "a finished task is to ack");
        let older = self.pending.insert(checkpoint, pending);
        assert!(older.is_none(), "checkpoint id {checkpoint} was given twice");
    }

    /// Whether a checkpoint was triggered and is not over.
    pub fn is_pending(&self, checkpoint: CheckpointId) -> bool {
        self.pending.contains_key(&checkpoint)
    }

    /// Enters the state of an operator's coordinator, which is taken before any task's.
    pub fn enter_coordinator(
        &mut self,
        checkpoint: CheckpointId,
        operator: OperatorIndex,
        state: OperatorSnapshot,
    ) {
        let pending = self.pending.get_mut(&checkpoint).expect("it was triggered a moment ago");
        let older = pending.coordinators.insert(operator, Arc::new(state));
        assert!(older.is_none(), "the coordinator of {operator:?} was drawn twice");
    }

    /// Takes in an ack of a task of the current attempt. Whoever calls it asks then whether it can complete.
    pub fn on_ack(
        &mut self,
        checkpoint: CheckpointId,
        task: LocalTaskId,
        (snapshots, had_finished): (Vec<Arc<OperatorSnapshot>>, bool),
        plan: &Plan,
        effects: &mut JobEffects,
    ) -> AckVerdict {
        let Some(pending) = self.pending.get_mut(&checkpoint) else { return AckVerdict::Late };
        if pending.ledger.has_acked(task) {
            return AckVerdict::Duplicate;
        }
        if !pending.ledger.awaits(task) {
            return AckVerdict::Foreign;
        }
        assert!(!pending.is_writing, "checkpoint {checkpoint} was complete before its last ack");
        pending.ledger.enter(task, snapshots);
        if had_finished {
            pending.at_end.insert(task);
        }
        if pending.ledger.is_full() && !pending.splits_union(plan) {
            self.acked.push_back(checkpoint);
            self.store_next(effects);
        }
        AckVerdict::Accepted
    }

    /// The next checkpoint all of whose acks are in is written, if none is at the moment. Whatever is over by now is not.
    pub fn store_next(&mut self, effects: &mut JobEffects) {
        while !self.is_storing()
            && let Some(next) = self.acked.pop_front()
        {
            if let Some(pending) = self.pending.get_mut(&next) {
                pending.is_writing = true;
                effects.metadata.push(next);
            }
        }
    }

    /// Whether the checkpoint's metadata is being written: a failure to complete it would still leave no trace.
    pub fn is_writing(&self, checkpoint: CheckpointId) -> bool {
        self.pending.get(&checkpoint).is_some_and(|pending| pending.is_writing)
    }

    /// The storer replied that the metadata is durable: the checkpoint completes (`CheckpointCoordinator.completePendingCheckpoint`).
    pub fn on_metadata(
        &mut self,
        checkpoint: CheckpointId,
        attempt: Attempt,
        plan: &Plan,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> Option<Completion> {
        let pending = self.pending.get(&checkpoint)?;
        assert!(pending.is_writing, "metadata of checkpoint {checkpoint} came unasked");
        let is_stored = self.is_highly_available && self.enters_store(&pending.purpose);
        let (backend, rules) = (self.config.backend, &self.rules);
        let completed = Arc::new(pending.seal(checkpoint, self.job, plan, backend, rules));
        if is_stored {
            self.storing = Some(Arc::clone(&completed));
            effects.pointers.push(PointerChange::Store(Arc::clone(&completed)));
            if self.rules.pointer_stored_before_notify {
                return None;
            }
        }
        Some(self.complete(completed, attempt, now, effects))
    }

    /// The store that outlives the job manager replied: the checkpoint completes.
    pub fn on_pointer(
        &mut self,
        checkpoint: CheckpointId,
        attempt: Attempt,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> Option<Completion> {
        let stored = self.storing.take().expect("it replies to what it was asked");
        assert!(stored.properties().id == checkpoint, "one pointer is stored at a time");
        assert!(self.is_highly_available, "a pointer was stored and nobody will look for it");
        if !self.pending.contains_key(&checkpoint) {
            return None;
        }
        Some(self.complete(stored, attempt, now, effects))
    }

    /// The metadata of a checkpoint, or the pointer to it, could not be written: it can fail like any other now.
    pub fn give_up_writing(&mut self, checkpoint: CheckpointId) {
        if self.is_pointed_to(checkpoint) {
            self.storing = None;
        }
        if let Some(pending) = self.pending.get_mut(&checkpoint) {
            pending.is_writing = false;
        }
    }

    /// Whether metadata are being written, or the store is being told of a checkpoint. The coordinator holds its lock from the
    /// last ack on (`CheckpointCoordinator.receiveAcknowledgeMessage`, `completePendingCheckpoint`), so that whatever is to
    /// stop it waits: a failure, a cancel, the end of the job (`stopCheckpointScheduler`, `shutdown`).
    pub fn is_storing(&self) -> bool {
        self.storing.is_some() || self.pending.values().any(|pending| pending.is_writing)
    }

    fn is_being_stored(&self, checkpoint: CheckpointId) -> bool {
        self.is_pointed_to(checkpoint) || self.is_writing(checkpoint)
    }

    fn is_pointed_to(&self, checkpoint: CheckpointId) -> bool {
        self.storing.as_ref().is_some_and(|stored| stored.properties().id == checkpoint)
    }

    /// Whether a checkpoint of this purpose becomes a recovery point (FLINK-10354).
    fn enters_store(&self, purpose: &Purpose) -> bool {
        purpose.kind() == CheckpointKind::Checkpoint
            || purpose.stop().is_stop()
            || self.rules.savepoint_in_completed_store
    }

    fn complete(
        &mut self,
        completed: Arc<CompletedCheckpoint>,
        attempt: Attempt,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> Completion {
        let checkpoint = completed.properties().id;
        let pending = self.pending.remove(&checkpoint).expect("what completes was pending");
        let has_store = self.is_highly_available || self.storing.is_none();
        assert!(has_store, "a pointer to checkpoint {checkpoint} is stored, and there is no store");
        assert!(
            checkpoint < self.next,
            "checkpoint {checkpoint} completed before it was triggered"
        );
        assert!(pending.triggered <= now, "checkpoint {checkpoint} completed before its trigger");
        self.remember(checkpoint);
        let kind = pending.purpose.kind();
        let is_savepoint = kind == CheckpointKind::Savepoint;
        if !is_savepoint || self.rules.savepoints_hold_checkpoints_back {
            self.last_completion = Some(now);
        }
        let run = self.run;
        effects.events.push(CheckpointEvent::Completed { attempt, kind }.of(run, checkpoint));
        self.tell_files(&completed, effects);
        let purpose = pending.purpose;
        let stops = purpose.stop().is_stop();
        if !is_savepoint {
            self.failures = 0;
        }
        if self.enters_store(&purpose) {
            self.store(Arc::clone(&completed), stops, effects);
        }
        if !is_savepoint || self.rules.savepoint_subsumes_pending {
            self.subsume_pending(checkpoint, CheckpointKind::Checkpoint, effects);
        }
        if is_savepoint && self.rules.savepoints_subsume_savepoints {
            self.subsume_pending(checkpoint, CheckpointKind::Savepoint, effects);
        }
        if let Purpose::User { label, .. } = &purpose {
            effects.files.push(FileChange::Savepoint(Arc::clone(&completed), Arc::clone(label)));
        }
        if let Purpose::Manual { label, .. } = &purpose {
            effects.labelled.push((Arc::clone(label), Arc::clone(&completed)));
        }
        if let Some(step) = purpose.step()
            && !stops
        {
            effects.answers.push((step, Ok(())));
        }
        let notifies = !is_savepoint || stops || self.rules.savepoint_notifies_commit;
        Completion { checkpoint: completed, notifies, purpose }
    }
}

/// Tells the step that asked for a checkpoint, if one did, why there is none.
fn answer_failed(step: Option<u32>, reason: AbortReason, effects: &mut JobEffects) {
    if let Some(step) = step {
        effects.answers.push((step, Err(reason.answer().into())));
    }
}
