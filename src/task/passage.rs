//! How records run through a chain: each to the end of the chain before the next, as a call of the next operator within
//! that of the one before it would have it, but without calls in one another. A chain may be of any length.

use super::chain::{Chain, Stem, Target};
use crate::effect::TaskEffects;
use crate::job::{EventTime, KeyError, Origin, Value};

/// How many values one record may come to in its chain, counted at each operator: more than lines of any text that is read
/// have words, and few enough to be held.
pub(super) const VALUES_MAX: u32 = 8_000_000;

/// A value on its way to an operator of the chain.
pub(super) struct Arrival {
    pub(super) at: usize,
    pub(super) input: u8,
    pub(super) value: Value,
    pub(super) stem: Stem,
}

/// What is yet to be handed on when a value before it has run to the end of the chain.
#[derive(Clone)]
pub(super) enum Rest {
    /// Values that an operator emitted in one call, the last first.
    Emitted {
        at: usize,
        values: Vec<(bool, Value)>,
        nth: u32,
        origin: Origin,
        timestamp: EventTime,
    },
    /// The targets of one value, from a place in their list on.
    Targets { at: usize, side: bool, place: usize, value: Value, stem: Stem },
}

impl Chain {
    /// Hands on what an operator emitted, to the end of the chain.
    #[inline]
    pub(super) fn pass_on(
        &mut self,
        at: usize,
        origin: Origin,
        effects: &mut TaskEffects,
    ) -> Result<(), KeyError> {
        if self.workers[at].emitted.is_empty() {
            return Ok(());
        }
        debug_assert!(self.rests.is_empty(), "values of the call before are not handed on");
        let first = self.hand_on(at, origin, effects)?;
        self.run(first, effects)
    }

    /// Runs a value, and all that comes of it, through the chain. After an error nothing more is handed on.
    #[inline]
    pub(super) fn run(
        &mut self,
        first: Option<Arrival>,
        effects: &mut TaskEffects,
    ) -> Result<(), KeyError> {
        let mut next = first;
        let mut steps: u32 = 0;
        loop {
            steps += 1;
            if steps > VALUES_MAX {
                self.rests.clear();
                let why = format!("one record came to more than {VALUES_MAX} values in its chain");
                effects.failure.get_or_insert_with(|| why.into());
                return Ok(());
            }
            let step = match next {
                Some(arrival) => self.take_in(arrival, effects),
                None if self.rests.is_empty() => return Ok(()),
                None => self.go_on(effects),
            };
            match step {
                Ok(arrival) => next = arrival,
                Err(error) => {
                    self.rests.clear();
                    return Err(error);
                }
            }
        }
    }

    /// Gives an operator a value. What it emitted goes on: the first arrival of it, if it goes to this chain.
    #[inline]
    fn take_in(
        &mut self,
        arrival: Arrival,
        effects: &mut TaskEffects,
    ) -> Result<Option<Arrival>, KeyError> {
        let Arrival { at, input, value, stem } = arrival;
        let key = match &self.workers[at].link.key_by {
            None => None,
            Some(key_by) => match key_by.key_in(input, &value) {
                Some(key) => Some(key),
                None => return key_by.of_input(input).hash_of(&value).map(|_| None),
            },
        };
        if let Some(key) = &key
            && !self.takes_key(at, key, effects)
        {
            self.rests.clear();
            return Ok(None);
        }
        let called =
            self.call((at, "process"), stem, key.as_ref(), effects, |operator, context| {
                operator.process(input, value, context);
            });
        if called.is_none() {
            // Its task fails: nothing that waits for its turn goes on.
            self.rests.clear();
            return Ok(None);
        }
        self.hand_on(at, stem.origin, effects)
    }

    /// Hands on what an operator emitted: a single value at once, of several the first when it is their turn.
    #[inline]
    fn hand_on(
        &mut self,
        at: usize,
        origin: Origin,
        effects: &mut TaskEffects,
    ) -> Result<Option<Arrival>, KeyError> {
        let emitted = &mut self.workers[at].emitted;
        if emitted.len() <= 1 {
            let Some((side, value)) = emitted.pop() else { return Ok(None) };
            let stem = Stem { origin, timestamp: self.workers[at].timestamp };
            return self.deliver(at, side, value, stem, effects);
        }
        let mut values = std::mem::take(emitted);
        values.reverse();
        let timestamp = self.workers[at].timestamp;
        self.rests.push(Rest::Emitted { at, values, nth: 0, origin, timestamp });
        Ok(None)
    }

    /// Hands on the next of what is left.
    fn go_on(&mut self, effects: &mut TaskEffects) -> Result<Option<Arrival>, KeyError> {
        match self.rests.last_mut() {
            None => Ok(None),
            Some(Rest::Emitted { at, values, nth, origin, timestamp }) => {
                let at = *at;
                let Some((side, value)) = values.pop() else {
                    // The buffer goes back to where it came from.
                    self.workers[at].emitted = std::mem::take(values);
                    self.rests.pop();
                    return Ok(None);
                };
                let stem = Stem { origin: origin.descend(*nth), timestamp: *timestamp };
                *nth += 1;
                self.deliver(at, side, value, stem, effects)
            }
            Some(Rest::Targets { at, side, place, value, stem }) => {
                let link = &self.workers[*at].link;
                let targets = if *side { &link.side } else { &link.main };
                let (target, stem) = (targets[*place], *stem);
                debug_assert!(*place < targets.len(), "a value goes to a target too many");
                *place += 1;
                let value = value.clone();
                if *place == targets.len() {
                    self.rests.pop();
                }
                self.deliver_to(target, value, stem, effects)
            }
        }
    }

    /// Gives one value to every target of an output.
    #[inline]
    pub(super) fn deliver(
        &mut self,
        at: usize,
        side: bool,
        value: Value,
        stem: Stem,
        effects: &mut TaskEffects,
    ) -> Result<Option<Arrival>, KeyError> {
        let link = &self.workers[at].link;
        let targets = if side { &link.side } else { &link.main };
        match targets[..] {
            [] => Ok(None),
            [target] => self.deliver_to(target, value, stem, effects),
            [..] => {
                self.rests.push(Rest::Targets { at, side, place: 0, value, stem });
                Ok(None)
            }
        }
    }

    #[inline]
    fn deliver_to(
        &mut self,
        target: Target,
        value: Value,
        stem: Stem,
        effects: &mut TaskEffects,
    ) -> Result<Option<Arrival>, KeyError> {
        match target {
            Target::Edge(edge) => {
                self.outputs.send(edge, value, stem, effects)?;
                Ok(None)
            }
            Target::Chained(at) => Ok(Some(Arrival { at, input: 0, value, stem })),
        }
    }
}
