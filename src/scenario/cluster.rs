//! The cluster that a scenario plays on: task managers and slots, where savepoints go, how long messages and storage take.

use super::files::{Reach, SavepointBackend, SavepointDir};
use crate::kernel::SimTime;

/// Task managers and their slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClusterConfig {
    /// How many task managers, 1 or more.
    pub task_managers: u16,
    /// Slots of each, 1 or more.
    pub slots: u16,
    /// How long after the loss of a task manager a new one takes its place.
    pub replaced_after: SimTime,
    /// How long after the death of the job manager another one takes over; none without high availability, where its jobs
    /// are lost.
    pub takeover_after: Option<SimTime>,
    /// How long after the last heartbeat that the job manager and a task manager had of each other either gives the other
    /// up (`heartbeat.timeout`).
    pub heartbeat_timeout: SimTime,
    /// How often they hear of each other; at most the timeout (`heartbeat.interval`).
    pub heartbeat_interval: SimTime,
    /// Where savepoints go.
    pub savepoint_dir: SavepointDir,
    /// What keeps savepoints, where a release lets one choose; by default the job manager.
    pub savepoint_backend: Option<SavepointBackend>,
    /// Which machines reach what a task has written of a snapshot.
    pub reach: Reach,
    /// How long files of snapshots are there before the storage deletes them; for ever by default.
    pub files_expire_after: Option<SimTime>,
}

/// How long things take. Ranges are inclusive; the seed draws within them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    /// Latency of a record or barrier on a channel.
    pub channel_latency: (SimTime, SimTime),
    /// Latency of a message between job manager and task.
    pub message_latency: (SimTime, SimTime),
    /// How many elements a channel holds before its sender stalls, 1 or more.
    pub channel_capacity: u32,
    /// The synchronous part of a snapshot.
    pub snapshot_sync: (SimTime, SimTime),
    /// The asynchronous part of a snapshot: until it is durable.
    pub snapshot_async: (SimTime, SimTime),
    /// Writing a checkpoint's metadata.
    pub metadata_write: (SimTime, SimTime),
    /// From a deployment to a running task, state restored.
    pub task_start: (SimTime, SimTime),
}

impl Default for ClusterConfig {
    /// Two task managers, so that one can be lost, with slots for every job of a usual scenario.
    fn default() -> Self {
        Self {
            task_managers: 2,
            slots: 16,
            replaced_after: SimTime::from_secs(10),
            takeover_after: None,
            savepoint_dir: SavepointDir::default(),
            savepoint_backend: None,
            reach: Reach::default(),
            files_expire_after: None,
            heartbeat_timeout: SimTime::from_secs(50),
            heartbeat_interval: SimTime::from_secs(10),
        }
    }
}

impl ClusterConfig {
    /// How long a highly available cluster that says nothing is without a job manager.
    pub const TAKEOVER_AFTER: SimTime = SimTime::from_secs(1);

    /// How often job manager and task managers hear of each other where nobody says it: no more seldom than they must.
    pub fn usual_heartbeat(&self) -> SimTime {
        Self::default().heartbeat_interval.min(self.heartbeat_timeout)
    }
}

impl Default for Network {
    /// A quiet local network, and storage that is slower than it.
    fn default() -> Self {
        let micros = SimTime::from_micros;
        let millis = SimTime::from_millis;
        Self {
            channel_latency: (micros(100), millis(1)),
            message_latency: (micros(200), millis(2)),
            channel_capacity: 32,
            snapshot_sync: (millis(1), millis(5)),
            snapshot_async: (millis(5), millis(50)),
            metadata_write: (millis(1), millis(10)),
            task_start: (millis(10), millis(100)),
        }
    }
}
