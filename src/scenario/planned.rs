//! The plan of a job, kept beside its configuration: many worlds play one scenario, and plan its jobs once.

use super::JobConfig;
use crate::job::{GraphError, Plan};
use std::sync::{Arc, OnceLock};

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
    /// The plan of the job's graph. Made when it is first asked for, and anew for a graph that was changed since.
    ///
    /// # Errors
    ///
    /// The first thing found that keeps the graph from running.
    pub fn plan(&self) -> Result<Arc<Plan>, GraphError> {
        if let Some(plan) = self.planned.0.get().filter(|plan| *plan.graph == self.graph) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(Plan::build(Arc::new(self.graph.clone()))?);
        let _kept_unless_another_was = self.planned.0.set(Arc::clone(&plan));
        Ok(plan)
    }
}
