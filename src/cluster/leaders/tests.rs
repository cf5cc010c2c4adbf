use super::restarts::Restarts;
use super::{Leaders, Run};
use crate::cluster::ids::PlaceId;
use crate::cluster::tests::copy_job;
use crate::effect::{JobTimer, Timer};
use crate::job::{LocalTaskId, RunId};
use crate::kernel::{Choices, SimTime};
use crate::scenario::TaskName;

fn leaders() -> Leaders {
    let run = Run {
        layout: copy_job().1,
        master: None,
        job_key: 0,
        waiting: Vec::new(),
        metadata: Choices::new(1).stream("metadata", "copy#0"),
        restored: false,
        leader: 0,
        left: None,
        submission: None,
        start: None,
        restarts: Restarts::default(),
    };
    Leaders { runs: vec![run] }
}

fn out(subtask: u32) -> TaskName {
    TaskName { job: "copy".to_owned(), operator: "out".to_owned(), subtask }
}

#[test]
fn a_name_means_the_place_of_a_subtask_that_there_is() {
    let leaders = leaders();
    let place = leaders.place_of(RunId::new(0), LocalTaskId::new(1));
    assert_eq!(leaders.runs[0].place_named(&out(0)), Some(place));
    assert_eq!(leaders.runs[0].place_named(&out(1)), None);
    assert!(leaders.is_named(place, &out(0)));
    assert!(!leaders.is_named(PlaceId::new(0), &out(0)), "that is where the source lives");
    assert!(!leaders.is_named(place, &TaskName { job: "other".to_owned(), ..out(0) }));
}

#[test]
fn a_job_that_was_refused_has_nobody_to_ask() {
    let leaders = leaders();
    let why = leaders.live_run("copy").expect_err("it has no job manager");
    assert_eq!(&*why, "job `copy` was refused");
    assert!(leaders.live_run("other").is_err());
    assert!(!leaders.any_alive() && !leaders.leads(RunId::new(0), 0));
}

#[test]
fn timers_are_spread_as_their_kind_says() {
    let (leaders, choices) = (leaders(), Choices::new(9));
    let (after, spread) = (SimTime::from_secs(10), SimTime::from_secs(2));
    let delay = |spread, kind| leaders.runs[0].delay_of(Timer { after, spread, kind }, &choices);
    let restarts: Vec<_> = (0..50).map(|n| delay(spread, JobTimer::Restart(n))).collect();
    assert!(restarts.iter().any(|at| *at < after) && restarts.iter().any(|at| *at > after));
    let triggers: Vec<_> = (0..50).map(|n| delay(spread, JobTimer::Periodic(n))).collect();
    assert!(triggers.iter().all(|at| *at >= after && *at <= after.plus(spread)));
    assert_eq!(delay(SimTime::ZERO, JobTimer::Restart(0)), after);
    assert_eq!(delay(spread, JobTimer::Assignment(0)), after, "nothing is drawn of those");
}
