//! How task managers are cut off from the job manager, and when either side gives the other up.

use crate::job::TaskManagerId;
use crate::kernel::{Choices, SimTime};
use crate::scenario::ClusterConfig;

/// How a task manager is cut off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutOff {
    pub(crate) since: SimTime,
    pub(crate) until: SimTime,
}

/// When one side of a network that has just been cut gives the other up: its last heartbeat is at most an interval old.
pub(crate) fn silence_noticed(
    cluster: &ClusterConfig,
    choices: &Choices,
    (manager, side): (TaskManagerId, &str),
    now: SimTime,
) -> SimTime {
    let (interval, timeout) = (cluster.heartbeat_interval, cluster.heartbeat_timeout);
    assert!(interval <= timeout, "the scenario was checked: heartbeats come within the timeout");
    let draws = choices.stream("heartbeat", format_args!("{}/{side}", manager.number()));
    let age = draws.span(now.nanos(), SimTime::ZERO, interval);
    let left = timeout.nanos().saturating_sub(age.nanos());
    now.plus(SimTime::from_nanos(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_noticed_within_an_interval_before_the_timeout() {
        let cluster = ClusterConfig::default();
        let now = SimTime::from_secs(5);
        let at = |number| {
            let side = (TaskManagerId::new(number), "job-manager");
            silence_noticed(&cluster, &Choices::new(3), side, now)
        };
        let latest = now.plus(cluster.heartbeat_timeout);
        let is_due = |at: SimTime| at <= latest && latest.since(at) <= cluster.heartbeat_interval;
        assert!((0..20).all(|number| is_due(at(number))));
        assert_ne!(at(0), at(1), "each has its own last heartbeat");
    }
}
