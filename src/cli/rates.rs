//! How often something was seen in so many worlds, and what that says of worlds that were not played.

/// The quantile of the normal distribution between whose sides 95 % lie.
const QUANTILE: f64 = 1.959_964;
/// What is left of certainty at 95 %.
const DOUBT: f64 = 0.05;

/// How often something was seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Rate {
    /// In so many worlds.
    pub(super) seen: u64,
    /// Of so many, one at least.
    pub(super) of: u64,
}

impl Rate {
    /// The share, from 0 to 1.
    pub(super) fn share(self) -> f64 {
        number(self.seen) / number(self.of)
    }

    /// The share of all worlds lies between these with 95 % certainty (Wilson's score interval).
    pub(super) fn interval(self) -> (f64, f64) {
        let (count, share, square) = (number(self.of), self.share(), QUANTILE * QUANTILE);
        let scale = 1.0 + square / count;
        let middle = (share + square / (2.0 * count)) / scale;
        let spread = (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
        let spread = QUANTILE * spread / scale;
        ((middle - spread).max(0.0), (middle + spread).min(1.0))
    }

    /// How many worlds must be played to see it once with 95 % certainty, if the share is as it was seen.
    pub(super) fn worlds_to_see_it(self) -> u64 {
        let share = self.share();
        if share >= 1.0 {
            return 1;
        }
        up(DOUBT.ln() / (1.0 - share).ln())
    }

    /// `12.0 % (9.1 to 15.6), within 24 seeds`.
    pub(super) fn in_words(self) -> String {
        let (low, high) = self.interval();
        let [share, low, high] = [self.share(), low, high].map(|share| share * 100.0);
        let seeds = match self.worlds_to_see_it() {
            1 => "1 seed".to_owned(),
            more => format!("{more} seeds"),
        };
        format!("{share:.1} % ({low:.1} to {high:.1}), within {seeds}")
    }
}

/// Of worlds of which none failed: fewer than one in so many does, with 95 % certainty.
pub(super) fn fewer_than_one_in(worlds: u64) -> u64 {
    let most = 1.0 - DOUBT.powf(1.0 / number(worlds));
    // Rounded down: what is claimed is never more than what was seen.
    up(1.0 / most).saturating_sub(1).max(1)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "nobody plays as many worlds as that would matter"
)]
const fn number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "a positive number, and the largest stands for all larger ones"
)]
fn up(number: f64) -> u64 {
    number.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_tables() {
        // 10 of 100: Wilson's interval is 5.52 % to 17.44 %.
        let (low, high) = Rate { seen: 10, of: 100 }.interval();
        assert!((low - 0.0552).abs() < 0.0001 && (high - 0.1744).abs() < 0.0001, "{low} {high}");
        let (low, high) = Rate { seen: 5, of: 5 }.interval();
        assert!((low - 0.5655).abs() < 0.0001 && (high - 1.0).abs() < 1e-9, "{low} {high}");
    }

    #[test]
    fn the_seeds_that_it_takes_leave_one_in_twenty() {
        // 0.9^28 = 0.0523 is more than a twentieth, 0.9^29 = 0.0471 is not.
        assert_eq!(Rate { seen: 10, of: 100 }.worlds_to_see_it(), 29);
        assert_eq!(Rate { seen: 3, of: 3 }.worlds_to_see_it(), 1);
    }

    #[test]
    fn what_was_never_seen_is_bounded() {
        // The rule of three: about 3 in n.
        assert_eq!(fewer_than_one_in(1000), 334);
        assert_eq!(fewer_than_one_in(1), 1);
    }

    #[test]
    fn a_rate_says_all_three() {
        let told = Rate { seen: 10, of: 100 }.in_words();
        assert_eq!(told, "10.0 % (5.5 to 17.4), within 29 seeds");
    }
}
