//! Pins and records: what happens to draws while somebody looks.
//!
//! Shared by all clones of the choices and all their streams, so that what any of them asked
//! counts as asked. Not on the path of a run without pins and records.

use super::tape::split_pin;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The draws made so far, by name, with what they returned.
type Record = Arc<Mutex<BTreeMap<String, u64>>>;

/// Every pin and, when recording, every draw.
#[derive(Debug)]
pub(super) struct Observer {
    /// By the name of the stream; draws whose names cannot be read are in `strange`.
    pins: BTreeMap<String, Pins>,
    /// Pins with names that no draw can have.
    strange: Vec<String>,
    record: Option<Record>,
}

/// The pins of one stream, by index.
type Pins = Arc<BTreeMap<u64, Pin>>;

#[derive(Debug)]
struct Pin {
    value: u64,
    asked: AtomicBool,
}

/// What one stream must know of an observer.
#[derive(Debug)]
pub(super) struct Watch {
    stream: String,
    pins: Pins,
    record: Option<Record>,
}

impl Observer {
    pub(super) fn new(pins: BTreeMap<String, u64>, records: bool) -> Self {
        let mut streams: BTreeMap<String, BTreeMap<u64, Pin>> = BTreeMap::new();
        let mut strange = Vec::new();
        for (name, value) in pins {
            match split_pin(&name) {
                Some((stream, index)) => {
                    let pin = Pin { value, asked: AtomicBool::new(false) };
                    streams.entry(stream.to_owned()).or_default().insert(index, pin);
                }
                None => strange.push(name),
            }
        }
        let pins = streams.into_iter().map(|(stream, pins)| (stream, Arc::new(pins))).collect();
        Self { pins, strange, record: records.then(Record::default) }
    }

    /// A watch on a stream, if there is anything to see.
    pub(super) fn watch(&self, stream: &str) -> Option<Arc<Watch>> {
        let pins = self.pins.get(stream);
        if pins.is_none() && self.record.is_none() {
            return None;
        }
        let pins = pins.cloned().unwrap_or_default();
        Some(Arc::new(Watch { stream: stream.to_owned(), pins, record: self.record.clone() }))
    }

    pub(super) fn unasked_pins(&self) -> Vec<String> {
        let unasked = self.pins.iter().flat_map(|(stream, pins)| {
            let unasked = pins.iter().filter(|(_, pin)| !pin.asked.load(Ordering::Relaxed));
            unasked.map(move |(index, _)| format!("{stream}[{index}]"))
        });
        unasked.chain(self.strange.iter().cloned()).collect()
    }

    pub(super) fn asked(&self) -> BTreeMap<String, u64> {
        self.record.as_ref().map_or_else(BTreeMap::new, |record| {
            record.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }
}

impl Watch {
    /// The pin brought into the range, or else what was drawn; and a note of it.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&self, index: u64, low: u64, high: u64, drawn: u64) -> u64 {
        let value = self.pins.get(&index).map_or(drawn, |pin| {
            pin.asked.store(true, Ordering::Relaxed);
            pin.value.clamp(low, high)
        });
        if let Some(record) = &self.record {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            record.insert(format!("{}[{index}]", self.stream), value);
        }
        value
    }
}
