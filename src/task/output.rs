//! The outputs of a subtask: which channel a record goes to.

use super::Stem;
use crate::effect::TaskEffects;
use crate::job::{
    Barrier, BarrierAlignment, ChannelId, Element, KeyBy, KeyError, Partitioner, Value, key_group,
    subtask_of_key_group,
};

/// One edge that leaves a subtask.
#[derive(Clone, Debug)]
pub struct Output {
    /// How records are dealt.
    pub partitioner: Partitioner,
    /// The channels to the receivers, in order of the receivers' indices.
    pub channels: Vec<ChannelId>,
    /// Round robin: which channel is next. Starts where the seed says. Where receivers are drawn: what the next draw follows from.
    pub next: u32,
    /// The receiver's key, for hash edges.
    pub key_by: Option<KeyBy>,
    /// The receiver's key groups, for hash edges.
    pub max_parallelism: u32,
    /// Whether barriers may overtake records on it.
    pub takes_unaligned: bool,
}

/// All edges that leave a subtask.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// In order of `Vertex::outputs`.
    pub edges: Vec<Output>,
}

impl Outputs {
    /// Sends a record on one edge. Fails if the record has no key that the receiver could be keyed by.
    #[inline]
    pub(super) fn send(
        &mut self,
        edge: usize,
        value: Value,
        stem: Stem,
        effects: &mut TaskEffects,
    ) -> Result<(), KeyError> {
        let output = &mut self.edges[edge];
        let receivers = output.channels.len();
        debug_assert!(receivers > 0, "an edge leads to nobody");
        let place = match output.partitioner {
            Partitioner::Forward | Partitioner::Global => 0,
            Partitioner::Hash => output.owner_of(&value)?,
            Partitioner::Rebalance | Partitioner::Rescale => output.take_turn(receivers),
            Partitioner::Shuffle => output.draw(receivers),
            Partitioner::Broadcast => {
                for channel in &output.channels[1..] {
                    let record = stem.record(value.clone());
                    effects.sends.push((*channel, Element::Record(record)));
                }
                0
            }
        };
        effects.sends.push((output.channels[place], Element::Record(stem.record(value))));
        Ok(())
    }

    /// Sends something that is not a record on every channel.
    pub fn broadcast(&self, element: &Element, effects: &mut TaskEffects) {
        let is_record = matches!(element, Element::Record(_));
        assert!(!is_record, "a record goes where its partitioner says, and not to all");
        for channel in self.edges.iter().flat_map(|output| &output.channels) {
            effects.sends.push((*channel, element.clone()));
        }
    }

    /// Sends a barrier on every channel: one that may overtake records only where the edge allows it
    /// (`CheckpointOptions#withUnalignedUnsupported`). `resumed` is how it goes on where it was held to its place.
    pub fn emit_barrier(
        &self,
        barrier: Barrier,
        resumed: BarrierAlignment,
        effects: &mut TaskEffects,
    ) {
        for output in &self.edges {
            let alignment = match barrier.alignment {
                BarrierAlignment::Aligned => BarrierAlignment::Aligned,
                _ if !output.takes_unaligned => BarrierAlignment::ForcedAligned,
                BarrierAlignment::ForcedAligned => resumed,
                BarrierAlignment::Timed => BarrierAlignment::Timed,
                BarrierAlignment::Unaligned => BarrierAlignment::Unaligned,
            };
            let overtakes =
                !matches!(alignment, BarrierAlignment::Aligned | BarrierAlignment::ForcedAligned);
            assert!(output.takes_unaligned || !overtakes, "{barrier:?} overtakes where none may");
            let element = Element::Barrier(Barrier { alignment, ..barrier });
            let sends = output.channels.iter().map(|channel| (*channel, element.clone()));
            effects.sends.extend(sends);
        }
    }
}

impl Output {
    #[inline]
    #[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
    fn owner_of(&self, value: &Value) -> Result<usize, KeyError> {
        let key_by = self.key_by.as_ref().expect("a hash edge leads to a keyed operator");
        let group = key_group(key_by.hash_of(value)?, self.max_parallelism);
        let receivers = u32::try_from(self.channels.len()).expect("parallelism fits in 32 bits");
        Ok(subtask_of_key_group(group, self.max_parallelism, receivers) as usize)
    }

    /// A linear congruential generator: nothing hangs on it but which receiver is next.
    fn draw(&mut self, receivers: usize) -> usize {
        self.next = self.next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let count = u64::try_from(receivers).expect("usize fits in 64 bits");
        usize::try_from((u64::from(self.next) * count) >> 32).expect("it is below the receivers")
    }

    #[inline]
    #[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
    fn take_turn(&mut self, receivers: usize) -> usize {
        let place = self.next as usize;
        debug_assert!(place < receivers, "receiver {place} of {receivers} has its turn");
        self.next = if place + 1 == receivers { 0 } else { self.next + 1 };
        place
    }
}
