//! A job as a scenario configures it, and the names of its tasks. Its plan is kept beside its configuration: many worlds
//! play one scenario, and plan its jobs once.

use crate::job::{CheckpointConfig, GraphError, JobGraph, Plan, PlanRules, RestartStrategy};
use crate::rules::{Failover, Rules};
use std::sync::{Arc, OnceLock};

/// A job as a scenario configures it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobConfig {
    /// Its operators; the graph's name is the job's.
    pub graph: JobGraph,
    /// Periodic checkpoints and the limits of all.
    pub checkpoint: CheckpointConfig,
    /// What happens when a task fails; by default what the release says.
    pub restart: Option<RestartStrategy>,
    /// What restarts with it; by default what the release says.
    pub failover: Option<Failover>,
    /// The plan of the graph, once it was asked for.
    pub planned: Planned,
}

impl JobConfig {
    /// What happens when a task of it fails, under these rules.
    pub fn restart_under(&self, rules: &Rules) -> RestartStrategy {
        self.restart.unwrap_or_else(|| RestartStrategy::unconfigured(&self.checkpoint, rules))
    }
}

/// A subtask as a scenario names it: `counts/1`, or `count:counts/1` where the job must be told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskName {
    /// The job.
    pub job: String,
    /// An operator of the chain that the task runs.
    pub operator: String,
    /// The subtask, from 0.
    pub subtask: u32,
}

impl TaskName {
    /// As a file names it: `counts/1`, with its job in front where that is not the `first` of the file.
    pub fn text(&self, first: &str) -> String {
        let Self { job, operator, subtask } = self;
        if job == first {
            format!("{operator}/{subtask}")
        } else {
            format!("{job}:{operator}/{subtask}")
        }
    }
}

/// A plan that may have been made already. Takes no part in comparisons.
#[derive(Clone, Debug, Default)]
pub struct Planned(OnceLock<Arc<Plan>>);

impl PartialEq for Planned {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Planned {}

impl JobConfig {
    /// The plan of the job's graph. Made when it is first asked for, and anew for a graph that was changed since and for
    /// other rules.
    ///
    /// # Errors
    ///
    /// The first thing found that keeps the graph from running under these rules.
    pub fn plan(&self, rules: PlanRules) -> Result<Arc<Plan>, GraphError> {
        let is_wanted = |plan: &&Arc<Plan>| *plan.graph == self.graph && plan.rules == rules;
        if let Some(plan) = self.planned.0.get().filter(is_wanted) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(Plan::build_under(Arc::new(self.graph.clone()), rules)?);
        let _kept_unless_another_was = self.planned.0.set(Arc::clone(&plan));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use crate::job::PlanRules;
    use crate::operator::Catalogue;
    use crate::rules::Release;
    use crate::scenario::Scenario;
    use std::sync::Arc;

    #[test]
    fn a_plan_is_made_once_and_anew_for_a_graph_that_was_changed() {
        let text = r#"
            [input.log]
            generate = { records = 5, keys = 2 }
            partitions = 1
            every = "1ms"

            [job.copy]
            operators = [
              { name = "source", source = "log", then = "end" },
              { name = "out", sink = "plain" },
            ]
        "#;
        let scenario = Scenario::parse(text, "copy.toml", &Catalogue::built_in());
        let mut job = scenario.expect("it can be read").jobs.remove(0);
        let rules = PlanRules::default();
        let plan = job.plan(rules).expect("it can run");
        assert!(Arc::ptr_eq(&plan, &job.plan(rules).expect("it can run")));
        job.graph.operators[1].name = "copied".to_owned();
        let changed = job.plan(rules).expect("it can run");
        assert_ne!(*plan.graph, job.graph);
        assert_eq!(*changed.graph, job.graph);
        let older = PlanRules::from(&Release::V1_0.rules());
        let other = job.plan(older).expect("it can run");
        assert_eq!(other.rules, older);
        assert_ne!(other.operator_ids, changed.operator_ids);
    }
}
