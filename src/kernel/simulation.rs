//! The loop that plays a world: pop an event, fold it into the digest, hand it over.

use super::{Agenda, Digest, Event, SimTime};

/// What happens next, in the eyes of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Flow {
    /// The next event is to be played.
    Continue,
    /// The simulation ends here.
    Stop,
}

/// Something that events happen to.
pub trait World {
    /// What is to happen to it.
    fn agenda(&mut self) -> &mut Agenda;
    /// Takes in one event. Puts what follows from it on the agenda, and folds into the digest
    /// whatever two equal runs must agree on beyond the events themselves.
    fn on_event(&mut self, event: Event, digest: &mut Digest) -> Flow;
}

/// A world with the digest of all that happened to it.
///
/// A clone is another future of the same past: both go on from the same event.
///
/// ```
/// use sandbar::SimTime;
/// use sandbar::simulation::{Agenda, Digest, Event, Flow, Simulation, World};
///
/// /// Two players; `what` is the player whom the ball reaches.
/// #[derive(Clone, Default)]
/// struct PingPong {
///     agenda: Agenda,
///     hits: [u32; 2],
/// }
///
/// impl World for PingPong {
///     fn agenda(&mut self) -> &mut Agenda {
///         &mut self.agenda
///     }
///
///     fn on_event(&mut self, event: Event, _: &mut Digest) -> Flow {
///         self.hits[event.what as usize] += 1;
///         if self.hits == [3, 2] {
///             return Flow::Stop;
///         }
///         self.agenda.push(event.at.plus(SimTime::from_millis(700)), 1 - event.what);
///         Flow::Continue
///     }
/// }
///
/// let mut game = Simulation::new(PingPong::default());
/// game.world.agenda.push(SimTime::ZERO, 0);
/// let mut again = game.clone();
/// game.run();
/// assert_eq!(game.now(), SimTime::from_millis(2_800));
/// assert_eq!(game.events(), 5);
///
/// again.run();
/// assert_eq!(again.digest, game.digest);
/// ```
#[derive(Clone, Debug)]
pub struct Simulation<W> {
    /// What the events happen to.
    pub world: W,
    /// Of every event so far: its time, its ticket and what it was.
    pub digest: Digest,
    now: SimTime,
    events: u64,
}

impl<W: World> Simulation<W> {
    /// A world to which nothing has happened and nothing will, until something is put on the
    /// agenda.
    pub fn new(world: W) -> Self {
        Self { world, digest: Digest::new(), now: SimTime::ZERO, events: 0 }
    }

    /// Plays the next event. `Stop` if there was none, or if the world says so.
    #[inline(always)] // as `Agenda::pop`
    pub fn step(&mut self) -> Flow {
        let Some(event) = self.world.agenda().pop() else { return Flow::Stop };
        (self.now, self.events) = (event.at, self.events + 1);
        self.digest.fold(event.at.nanos(), event.rank());
        self.world.on_event(event, &mut self.digest)
    }

    /// Plays until nothing is pending or the world stops.
    pub fn run(&mut self) {
        while self.step() == Flow::Continue {}
    }

    /// The time of the last event.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How many events have been played.
    pub fn events(&self) -> u64 {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts down; every event schedules the next one a second later.
    #[derive(Clone)]
    struct Countdown(u32, Agenda);

    impl World for Countdown {
        fn agenda(&mut self) -> &mut Agenda {
            &mut self.1
        }

        fn on_event(&mut self, event: Event, digest: &mut Digest) -> Flow {
            self.0 -= 1;
            digest.fold(u64::from(self.0), 0);
            if self.0 == 0 {
                return Flow::Stop;
            }
            self.1.push(event.at.plus(SimTime::from_secs(1)), 0);
            Flow::Continue
        }
    }

    fn countdown(from: u32) -> Simulation<Countdown> {
        let mut simulation = Simulation::new(Countdown(from, Agenda::new()));
        simulation.world.1.push(SimTime::ZERO, 0);
        simulation
    }

    #[test]
    fn a_run_in_pieces_and_a_run_of_a_clone_have_the_digest_of_one_run() {
        let mut whole = countdown(10);
        whole.run();
        let mut pieces = countdown(10);
        for _ in 0..5 {
            assert_eq!(pieces.step(), Flow::Continue);
        }
        let mut fork = pieces.clone();
        pieces.run();
        fork.run();
        assert_eq!((whole.digest, whole.digest), (pieces.digest, fork.digest));
    }

    #[test]
    fn a_world_with_nothing_to_do_stops() {
        let mut simulation = Simulation::new(Countdown(1, Agenda::new()));
        assert_eq!(simulation.step(), Flow::Stop);
    }
}
