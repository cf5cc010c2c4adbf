//! The part of the rules that the plan of a job depends on, so that plans can be kept for each.

use crate::rules::{IdScheme, Release, Rules};

/// What a plan depends on beside its graph; by default as in the newest release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanRules {
    /// From what ids are generated.
    pub generated_ids: IdScheme,
    /// Whether an operator that is chained to its input may have a uid.
    pub uid_in_chain: bool,
    /// Whether ids of the older scheme are tried, too.
    pub legacy_ids_tried: bool,
    /// Whether keys are dealt by key group; else by parallelism, as if there were one group for each subtask.
    pub key_groups: bool,
}

impl From<&Rules> for PlanRules {
    fn from(rules: &Rules) -> Self {
        Self {
            generated_ids: rules.generated_ids,
            uid_in_chain: rules.uid_in_chain,
            legacy_ids_tried: rules.legacy_ids_tried,
            key_groups: rules.key_groups,
        }
    }
}

impl Default for PlanRules {
    fn default() -> Self {
        Self::from(&Release::default().rules())
    }
}
