//! What survives a job manager: of one job, pointers to its completed checkpoints and the counter of checkpoint ids.

use crate::job::CheckpointId;
use crate::state::CompletedCheckpoint;
use std::sync::Arc;

/// The store by which a new job manager takes a job over (`CompletedCheckpointStore`, `CheckpointIDCounter`). Each change
/// is durable at once; when it is made is decided elsewhere.
#[derive(Clone, Debug)]
pub struct HighAvailabilityStore {
    pointers: Vec<Arc<CompletedCheckpoint>>,
    next: CheckpointId,
}

impl HighAvailabilityStore {
    /// Of a job that was just submitted, perhaps from a snapshot, which is its first recovery point (`CompletedCheckpointStore`).
    pub fn new(start: Option<&Arc<CompletedCheckpoint>>) -> Self {
        let mut store = Self { pointers: Vec::new(), next: CheckpointId::new(1) };
        if let Some(start) = start {
            store.count(start.properties().id.next());
            store.add(Arc::clone(start));
        }
        store
    }

    /// Points to one more checkpoint, whose metadata is durable.
    pub fn add(&mut self, checkpoint: Arc<CompletedCheckpoint>) {
        let id = checkpoint.properties().id;
        let is_known = self.pointers.iter().any(|known| known.properties().id == id);
        assert!(!is_known, "checkpoint {id} is pointed to twice");
        self.pointers.push(checkpoint);
        self.pointers.sort_by_key(|pointer| pointer.properties().id);
    }

    /// Forgets a checkpoint that is subsumed.
    pub fn remove(&mut self, checkpoint: CheckpointId) {
        self.pointers.retain(|pointer| pointer.properties().id != checkpoint);
    }

    /// Forgets all checkpoints: what becomes of a job that is over for good.
    pub fn clear(&mut self) {
        self.pointers.clear();
    }

    /// No id below this one is given again.
    pub fn count(&mut self, next: CheckpointId) {
        self.next = self.next.max(next);
    }

    /// The checkpoints that are pointed to, oldest first.
    pub fn pointers(&self) -> &[Arc<CompletedCheckpoint>] {
        &self.pointers
    }

    /// The id that the next checkpoint gets.
    pub const fn next(&self) -> CheckpointId {
        self.next
    }
}
