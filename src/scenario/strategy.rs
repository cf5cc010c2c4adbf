//! Drawn scenarios as a proptest strategy, for properties of one's own.

use super::{Profile, Scenario};
use crate::kernel::{Choices, SEED_MAX};
use proptest::prelude::Strategy;

/// Scenarios drawn from seeds, as a sweep draws them. A failure shrinks towards small seeds; print the scenario with
/// [`Scenario::to_text`] to keep it.
///
/// ```
/// use proptest::prelude::*;
/// use sandbar::{Catalogue, Profile, Scenario, drawn};
///
/// proptest!(ProptestConfig::with_cases(8), |(scenario in drawn(Profile::default()))| {
///     let again = Scenario::parse(&scenario.to_text(), "drawn.toml", &Catalogue::built_in());
///     prop_assert_eq!(again.expect("what was written reads back"), scenario);
/// });
/// ```
pub fn drawn(profile: Profile) -> impl Strategy<Value = Scenario> {
    (0..=SEED_MAX).prop_map(move |seed| Scenario::draw(&Choices::new(seed), &profile))
}
