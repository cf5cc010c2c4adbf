//! Carries out what job managers ask for: messages, timers, metadata, pointers, files, deployments.

use crate::cluster::control::{Control, News};
use crate::cluster::journal::Journal;
use crate::cluster::leaders::Run;
use crate::cluster::network::messages::Letter;
use crate::cluster::storage::failing_writes::{lacks_folder, write_metadata, write_pointer};
use crate::cluster::world::World;
use crate::coordinator::JobMaster;
use crate::effect::{FileChange, JobEffects, PointerChange, ToTask};
use crate::job::{CheckpointId, CheckpointKind, RunId};
use crate::kernel::SimTime;
use crate::trace::{CheckpointEvent, JobEvent, TraceEvent};

impl World {
    /// Lets a job manager act, and carries out what it asks for.
    pub(crate) fn with_master(
        &mut self,
        run: RunId,
        act: impl FnOnce(&mut JobMaster, SimTime, &mut JobEffects),
    ) {
        let mut effects = std::mem::take(&mut self.job_effects);
        effects.now = self.journal.now;
        let master = self.leaders[run].master.as_mut();
        if let Some(master) = master.filter(|master| !master.is_dead()) {
            act(master, self.journal.now, &mut effects);
            master.settle(&mut effects);
        }
        self.apply_job(run, &mut effects);
        let is_done = effects.messages.is_empty() && effects.events.is_empty();
        assert!(is_done, "{run:?} asked for what was not carried out");
        self.job_effects = effects;
    }

    /// Carries out what a job manager asked for.
    pub(crate) fn apply_job(&mut self, run: RunId, effects: &mut JobEffects) {
        let is_settling = |event: &TraceEvent| {
            matches!(event, TraceEvent::Job(.., JobEvent::StatusChanged { .. }))
        };
        let settles = effects.events.iter().any(is_settling);
        let triggered = tell_all(&mut self.journal, effects);
        let cause = self.journal.cause;
        let folderless = triggered.filter(|id| lacks_folder(self, run, *id, &mut effects.messages));
        for change in effects.files.drain(..) {
            self.keep(run, change);
        }
        let mut withdrawn = Vec::new();
        for (task, message) in std::mem::take(&mut effects.messages) {
            if matches!(message, ToTask::Cancel) && self.leaders[run].withdraw(task) {
                withdrawn.push(task);
                continue;
            }
            let attempt = self.leaders.attempt_of(run, task);
            let place = self.leaders.place_of(run, task);
            self.journal.cause = cause;
            self.send(place, attempt, Letter::ToTask(message));
        }
        self.apply_pointers(run, effects);
        for timer in effects.timers.drain(..) {
            let after = self.leaders[run].delay_of(timer, &self.given.choices);
            self.send_news(run, self.journal.now.plus(after), News::Timer(timer.kind));
        }
        for checkpoint in effects.metadata.drain(..) {
            write_metadata(self, run, checkpoint);
        }
        for (label, checkpoint) in effects.labelled.drain(..) {
            let owner = self.leaders[run].owner(&self.scenario);
            self.storage.label_checkpoint(owner, label, checkpoint, &self.rules);
        }
        for (step, answer) in effects.answers.drain(..) {
            let answer = answer.map_err(|why| self.storage.with_savepoint_path(step, why));
            self.answer(step, answer);
        }
        if settles {
            self.ending.activity += 1;
            self.watch_for_quiet();
        }
        if std::mem::take(&mut effects.over) {
            if !self.rules.retained_files_survive {
                self.storage.lose_file_of(run);
            }
            self.hosts.managers.free(run);
            self.leaders[run].end();
            self.deploy_waiting();
        }
        let deployments = std::mem::take(&mut effects.deployments);
        if !deployments.is_empty() {
            // A region keeps the slots that it had, and shares them with others that go on.
            if deployments.len() == self.leaders[run].layout.plan.tasks.len() {
                self.hosts.managers.free(run);
            }
            self.leaders[run].wait(deployments);
            self.deploy_waiting();
        }
        if !withdrawn.is_empty() {
            self.with_master(run, |master, _, effects| {
                master.on_withdrawn(&withdrawn, effects);
            });
        }
        if let Some(checkpoint) = folderless {
            self.with_master(run, |master, now, effects| {
                master.on_folder_failed(checkpoint, now, effects);
            });
        }
    }

    /// Durable files of a run change.
    pub(crate) fn keep(&mut self, run: RunId, change: FileChange) {
        let owner = self.leaders[run].owner(&self.scenario);
        self.storage.keep(owner, change, &self.rules, &mut self.journal);
    }

    /// Has something reach the job manager that leads now.
    pub(crate) fn send_news(&mut self, run: RunId, at: SimTime, news: News) {
        let leader = self.leaders[run].leader;
        assert!(at >= self.journal.now, "{run:?}: news of the past, {news:?}");
        self.journal.schedule(at, Control::ToLeader { run, leader, news });
    }

    /// Carries out what a job manager asks of the store that survives it, and keeps count of its checkpoint ids.
    fn apply_pointers(&mut self, run: RunId, effects: &mut JobEffects) {
        let Run { left, master, .. } = &mut self.leaders[run];
        let Some(left) = left else { return };
        if let Some(master) = master {
            left.count(master.next_checkpoint());
        }
        let mut stored = Vec::new();
        for change in effects.pointers.drain(..) {
            match change {
                PointerChange::Store(checkpoint) => stored.push(checkpoint),
                PointerChange::Forget(checkpoint) => left.remove(checkpoint),
            }
        }
        for checkpoint in stored {
            write_pointer(self, run, checkpoint);
        }
    }
}

/// Tells what happened; returns the checkpoint that was triggered. What follows from a completion is caused by it, and not
/// by what is told after it.
fn tell_all(journal: &mut Journal, effects: &mut JobEffects) -> Option<CheckpointId> {
    let (mut completed, mut triggered) = (None, None);
    for event in effects.events.drain(..) {
        if let TraceEvent::Checkpoint(_, id, CheckpointEvent::Triggered { kind }) = &event {
            triggered = Some(*id).filter(|_| *kind == CheckpointKind::Checkpoint);
        }
        let completes =
            matches!(event, TraceEvent::Checkpoint(.., CheckpointEvent::Completed { .. }));
        journal.tell(event);
        completed = if completes { journal.cause } else { completed };
    }
    journal.cause = completed.or(journal.cause);
    triggered
}
