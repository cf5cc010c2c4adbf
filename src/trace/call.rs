//! The calls that an operator gets from its task, by the names they have in Flink.

use crate::job::shown;
use serde::Serialize;

/// One call of an operator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Call {
    /// Its state is declared and restored.
    InitializeState,
    /// It starts.
    Open,
    /// A source is told to stop emitting.
    Cancel,
    /// A barrier is about to be sent on.
    PrepareSnapshotPreBarrier,
    /// Its state is about to be drawn.
    SnapshotState,
    /// A checkpoint completed.
    NotifyCheckpointComplete,
    /// A checkpoint is off.
    NotifyCheckpointAborted,
    /// Event time reached its end.
    ProcessMaxWatermark,
    /// An input ended.
    EndInput,
    /// All inputs ended.
    Finish,
    /// Its task ends.
    Close,
    /// The user's code threw in the call before.
    Throw,
}

shown! {
    Call:
    InitializeState = "initializeState",
    Open = "open",
    Cancel = "cancel()",
    PrepareSnapshotPreBarrier = "prepareSnapshotPreBarrier",
    SnapshotState = "snapshotState",
    NotifyCheckpointComplete = "notifyCheckpointComplete",
    NotifyCheckpointAborted = "notifyCheckpointAborted",
    ProcessMaxWatermark = "processWatermark MAX",
    EndInput = "endInput",
    Finish = "finish",
    Close = "close",
    Throw = "throw",
}

impl Call {
    /// The call as one word and what it is about, as Flink's own logs would have it: `snapshotState 3`,
    /// `initializeState isRestored=true cp=2`.
    pub fn about(self, checkpoint: Option<crate::job::CheckpointId>) -> String {
        match (self, checkpoint) {
            (Self::InitializeState, None) => format!("{self} isRestored=false"),
            (Self::InitializeState, Some(id)) => format!("{self} isRestored=true cp={id}"),
            (_, Some(id)) => format!("{self} {id}"),
            (_, None) => self.to_string(),
        }
    }
}
