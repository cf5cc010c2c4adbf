//! The engine's side of what an operator can see and do.

use crate::effect::{ExternalRequest, ReaderEvent, TaskEffects, ToJob};
use crate::job::{EventTime, ExternalId, OperatorId, Origin, Value};
use crate::kernel::SimTime;
use crate::operator::{Outside, Surroundings};
use crate::trace::TaskEvent;

/// Lent to an operator for one call.
pub(super) type EngineContext<'a> = Surroundings<'a, Engine<'a>>;

/// Where what an operator of a chain emits and asks for goes.
pub(super) struct Engine<'a> {
    pub(super) operator: OperatorId,
    pub(super) origin: Origin,
    pub(super) external: Option<ExternalId>,
    pub(super) emitted: &'a mut Vec<(bool, Value)>,
    pub(super) effects: &'a mut TaskEffects,
}

impl Outside for Engine<'_> {
    #[inline]
    fn emit(&mut self, value: Value, is_side: bool, _timestamp: EventTime) {
        self.emitted.push((is_side, value));
    }
    fn emit_late(&mut self, value: Value, timestamp: EventTime, watermark: EventTime) {
        let (operator, origin) = (self.operator, self.origin);
        self.effects.events.push(TaskEvent::LateDropped { operator, origin, timestamp, watermark });
        self.emitted.push((true, value));
    }
    fn fail(&mut self, why: &str) {
        self.effects.failure.get_or_insert_with(|| why.into());
    }
    fn external(&mut self, request: ExternalRequest) {
        let external = self.external.expect("only a sink writes to an external system");
        self.effects.external.push((external, request, self.origin));
    }
    fn wake_at(&mut self, time: i64) {
        let at = SimTime::from_nanos(u64::try_from(time).unwrap_or(0));
        self.effects.wake = Some(self.effects.wake.map_or(at, |wake| wake.min(at)));
    }
    fn ask_for_split(&mut self) {
        self.effects.messages.push(ToJob::Reader(ReaderEvent::Asks));
    }
}
