use super::Network;
use super::messages::{Arrival, Befalls, Letter};
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::tests::copy_job;
use crate::effect::{InFlightOrder, ToTask};
use crate::job::{
    Attempt, Barrier, BarrierAlignment, ChannelId, CheckpointId, CheckpointKind, Element,
    EventTime, Origin, Record, RunLayout, Stop, Value,
};
use crate::kernel::{Choices, SimTime};
use crate::rules::InFlightKept;
use crate::scenario::{Aim, TaskName};
use crate::trace::{ChannelEnd, Message, MessageFate, TaskEvent, TraceEvent};
use std::sync::Arc;

/// The channel between the two tasks, and its ends.
const CHANNEL: usize = 0;

struct Stage {
    network: Network,
    journal: Journal,
    layout: Arc<RunLayout>,
    from: PlaceId,
    to: PlaceId,
    wire: WireId,
}

fn stage() -> Stage {
    let (scenario, layout) = copy_job();
    let mut network = Network::new(&scenario);
    let choices = Choices::new(7);
    for task in layout.tasks() {
        network.add_task(&layout, task, choices.stream("message", task.index()));
    }
    network.add_channels(&layout, vec![choices.stream("latency", "in->out")]);
    let wire = WireId::of(ChannelId::new(CHANNEL));
    let (from, to) = (network.channels[wire].from, network.channels[wire].to);
    Stage { network, journal: Journal::default(), layout, from, to, wire }
}

impl Stage {
    fn send(&mut self, element: Element) {
        let Self { network, journal, from, .. } = self;
        network.send(*from, ChannelId::new(CHANNEL), element, journal);
    }

    fn is_stalled(&self) -> bool {
        !self.network.mailboxes[self.from].stalled.is_empty()
    }

    fn take(&mut self) -> Element {
        let Self { network, journal, wire, .. } = self;
        let element = network.pop(*wire, journal);
        network.return_credit(*wire, journal);
        element
    }

    fn arrival(&mut self, met: Option<Befalls>) -> Option<Arrival> {
        let letter = Letter::ToTask(ToTask::Cancel);
        self.network.arrival(self.to, Attempt::default(), &letter, SimTime::ZERO, met)
    }
}

fn record(offset: u32) -> Element {
    let origin = Origin { offset, ..Origin::default() };
    let timestamp = EventTime::from_millis(0);
    Element::Record(Record { value: Value::Int(offset.into()), origin, timestamp })
}

fn offset_of(element: &Element) -> Option<u32> {
    super::channel::record_of(element).map(|record| record.origin.offset)
}

fn barrier(alignment: BarrierAlignment) -> Element {
    let (checkpoint, kind) = (CheckpointId::new(1), CheckpointKind::Checkpoint);
    Element::Barrier(Barrier {
        checkpoint,
        kind,
        triggered: SimTime::ZERO,
        stop: Stop::No,
        alignment,
    })
}

#[test]
fn a_record_waits_for_credit_and_goes_on_when_a_place_is_free() {
    let mut stage = stage();
    stage.send(record(0));
    assert!(!stage.is_stalled() && !stage.network.had_backpressure);
    stage.send(record(1));
    assert!(stage.is_stalled() && stage.network.had_backpressure, "the channel holds one");
    assert_eq!(offset_of(&stage.take()), Some(0));
    assert!(!stage.is_stalled(), "its credit came back");
    assert_eq!(offset_of(&stage.take()), Some(1));
}

#[test]
fn only_an_unaligned_barrier_passes_what_waits_for_credit() {
    for alignment in [BarrierAlignment::Aligned, BarrierAlignment::Unaligned] {
        let mut stage = stage();
        (0..2).for_each(|offset| stage.send(record(offset)));
        stage.send(barrier(alignment));
        let passes = alignment == BarrierAlignment::Unaligned;
        assert_eq!(stage.network.channels[stage.wire].queue.len(), 1 + usize::from(passes));
        let overtaken = &stage.network.connections[stage.from].overtaken;
        let overtaken: Vec<_> = overtaken.iter().map(|(_, records)| records.len()).collect();
        assert_eq!(overtaken, if passes { vec![1] } else { vec![] }, "{alignment:?}");
    }
}

#[test]
fn what_an_overtaking_barrier_passed_is_persisted_before_the_snapshot_is_durable() {
    let mut stage = stage();
    stage.send(record(5));
    stage.send(barrier(BarrierAlignment::Unaligned));
    let (checkpoint, layout) = (CheckpointId::new(1), Arc::clone(&stage.layout));
    let kept = InFlightKept::All;
    let whose = super::channel_state::Persisting { place: stage.to, layout: &layout, kept };
    let begin = InFlightOrder::Begin { checkpoint, open: vec![0], overtaken: true };
    let Stage { network, journal, to, wire, .. } = &mut stage;
    assert!(network.persist_in_flight(begin, 0, whose, journal).is_none());
    assert!(network.complete_snapshot(*to, checkpoint, vec![Arc::default()]).is_none());
    let ahead = network.barrier_at(*wire, checkpoint).expect("it is in the channel");
    let delivered = InFlightOrder::Delivered(checkpoint, 0);
    let complete = network.persist_in_flight(delivered, ahead, whose, journal);
    let (_, snapshots) = complete.expect("nothing else is awaited");
    assert_eq!(snapshots[0].in_flight.inputs[0].records.len(), 1);
    let told = &journal.told.last().expect("it was told").event;
    assert!(matches!(
        told,
        TraceEvent::Task(.., TaskEvent::InFlightPersisted { end: ChannelEnd::Receiver, .. })
    ));
}

#[test]
fn a_message_is_lost_repeated_or_late_and_others_keep_their_order() {
    let mut stage = stage();
    let span = SimTime::from_secs(1);
    assert_eq!(stage.arrival(Some((MessageFate::Lost, SimTime::ZERO))), None);
    let first = stage.arrival(None).expect("it arrives");
    let late = stage.arrival(Some((MessageFate::Delayed, span))).expect("it arrives");
    assert!(late.at >= span);
    let next = stage.arrival(None).expect("it arrives");
    assert!(first.at <= next.at && next.at < late.at, "one that is delayed holds nothing up");
    let twice = stage.arrival(Some((MessageFate::Repeated, span))).expect("it arrives");
    assert_eq!(twice.again, Some(twice.at.plus(span)));
}

#[test]
fn a_fault_meets_one_message_that_fits() {
    let mut stage = stage();
    let task = TaskName { job: "copy".to_owned(), operator: "out".to_owned(), subtask: 0 };
    let aim = Aim { message: Message::Cancel, task, checkpoint: None };
    stage.network.disturb(aim, (MessageFate::Lost, SimTime::ZERO));
    let mut meets = |is_named: bool| {
        let letter = Letter::ToTask(ToTask::Cancel);
        let Stage { network, journal, to, .. } = &mut stage;
        network.meets_disturbance(*to, &letter, |_| is_named, journal).is_some()
    };
    assert_eq!([meets(false), meets(true), meets(true)], [false, true, false]);
}
