//! What falls due: each event of the agenda is handed to what it concerns.

use crate::cluster::control::{Control, ForTask, News};
use crate::cluster::hosts::partition::{end_all_on, give_up, on_network_whole, on_replaced};
use crate::cluster::ids::PlaceId;
use crate::cluster::leaders::leader_recovery::{on_pointer, recover, take_over};
use crate::cluster::leaders::submit::{Start, submit};
use crate::cluster::script::At;
use crate::cluster::script::steps::take_step;
use crate::cluster::script::user_code::unblock;
use crate::cluster::storage::failing_writes::on_metadata;
use crate::cluster::world::World;
use crate::job::{Attempt, ClaimMode, RunId};
use crate::scenario::Trigger;
use crate::trace::{CheckpointEvent, SnapshotSource};

impl World {
    /// Puts every timed step on the agenda, and submits the first job.
    pub(crate) fn begin(&mut self) {
        assert!(self.leaders.runs.is_empty() && self.script.due == 0, "a world begins twice");
        for (number, step) in self.scenario.steps.iter().enumerate() {
            if let Trigger::At(at) = step.trigger {
                let at = at.max(self.journal.now);
                self.script.schedule(number, at, &mut self.journal);
            }
        }
        if let Some(until) = self.scenario.until {
            self.journal.schedule(until.max(self.journal.now), Control::Until);
        }
        if !self.scenario.first_job_runs_at_once() {
            return;
        }
        let mut allowed = (false, ClaimMode::default());
        let start = self.given.from.clone().map(|(snapshot, allow_non_restored, claim)| {
            allowed = (allow_non_restored, claim);
            self.storage.hold_files(snapshot.files());
            let source = SnapshotSource::Files(snapshot.properties().id);
            Start { snapshot, source, location: None }
        });
        if let Err(why) = submit(self, 0, start, allowed) {
            self.script.refusals.push((At::Start, why));
        }
    }

    /// A control falls due.
    #[inline(never)] // rare beside records
    pub(crate) fn on_control(&mut self, index: usize) {
        match self.journal.take_control(index) {
            Control::Task { task, attempt, what } => {
                if let Some(place) = self.hosts.place_of(task, attempt) {
                    self.on_task_control(place, attempt, what);
                }
            }
            Control::ToJob { task, attempt, message } => {
                let layout = &self.hosts.places[PlaceId::of(task)].layout;
                let (run, local) = (layout.run, layout.local_task(task));
                self.with_master(run, |master, now, effects| {
                    master.on_message(local, attempt, message, now, effects);
                });
            }
            Control::BarrierArrives { wire, attempt, checkpoint } => {
                self.on_barrier_arrives(wire, attempt, checkpoint);
            }
            Control::ToLeader { run, leader, news } => {
                if self.leaders.leads(run, leader) {
                    self.on_news(run, news);
                }
            }
            Control::Pointer { run, leader, checkpoint, is_heard } => {
                on_pointer(self, run, leader, checkpoint, is_heard);
            }
            Control::TakeOver(run) => take_over(self, run),
            Control::Recover(run) => recover(self, run),
            Control::Step(step) => take_step(self, step),
            Control::TaskManagerSilent { manager, since } => {
                if self.hosts.is_cut_off_since(manager, since) {
                    give_up(self, manager);
                }
            }
            Control::JobManagerSilent { manager, since } => {
                if self.hosts.is_cut_off_since(manager, since) {
                    end_all_on(self, manager);
                }
            }
            Control::NetworkWhole { manager, since } => {
                if self.hosts.is_cut_off_since(manager, since) {
                    on_network_whole(self, manager);
                }
            }
            Control::Replaced(manager) => on_replaced(self, manager),
            Control::Until => {
                self.ending.until_reached = self.leaders.any_alive();
                self.ending.is_over = true;
            }
            Control::Quiet(activity) => {
                // Where the scenario says `until`, the world goes on until then.
                let may_end = self.scenario.until.is_none();
                self.ending.is_over |=
                    may_end && activity == self.ending.activity && self.is_quiet();
            }
        }
    }

    /// Something falls due for a task. To one that has ended only messages mean anything.
    fn on_task_control(&mut self, place: PlaceId, attempt: Attempt, what: ForTask) {
        let who = (self.hosts.places[place].id, attempt);
        assert_eq!(self.network.occupant(place), who, "hosts and network disagree on {place:?}");
        let needs_life = !matches!(what, ForTask::Message(_) | ForTask::Unblock);
        if needs_life && !self.hosts.places[place].is_at_work() {
            return;
        }
        match what {
            ForTask::Message(message) => self.on_message_to_task(place, attempt, message),
            ForTask::Unblock => unblock(self, place),
            ForTask::Started(deployment) => self.on_started(place, attempt, deployment),
            ForTask::Durable(checkpoint, snapshots) => {
                let complete = self.network.complete_snapshot(place, checkpoint, snapshots);
                if let Some(snapshots) = complete {
                    self.on_durable(place, checkpoint, snapshots);
                }
            }
            ForTask::SendAck(checkpoint, snapshots) => {
                self.on_send_ack(place, checkpoint, snapshots);
            }
            ForTask::UploadFailed(checkpoint) => self.on_upload_failed(place, checkpoint),
            ForTask::AlignmentTimer(checkpoint) => {
                self.on_alignment_timer(place, attempt, checkpoint);
            }
            ForTask::Wake(at) => self.on_wake(place, at),
            ForTask::Disowned => self.crash_and_drop(place),
        }
    }

    /// Something reaches the job manager that leads.
    fn on_news(&mut self, run: RunId, news: News) {
        assert!(self.leaders[run].leader().is_some(), "{run:?} has no leader to hear {news:?}");
        match news {
            News::Timer(timer) => self.with_master(run, |m, now, fx| m.on_timer(timer, now, fx)),
            News::Metadata(checkpoint) => on_metadata(self, run, checkpoint),
            News::MetadataStored(checkpoint) => {
                self.with_master(run, |m, now, fx| m.on_metadata(checkpoint, now, fx));
            }
            News::MetadataUnheard(checkpoint) => {
                self.journal.tell(CheckpointEvent::MetadataWritten.of(run, checkpoint));
            }
            News::MetadataFailed(checkpoint) | News::PointerFailed(checkpoint) => {
                self.with_master(run, |m, now, fx| m.on_metadata_failed(checkpoint, now, fx));
            }
            News::PointerStored(checkpoint) => {
                self.with_master(run, |m, now, fx| m.on_pointer(checkpoint, now, fx));
            }
        }
    }
}
