//! Spans of time as a scenario spells them.

use crate::kernel::SimTime;

/// A whole number and a unit: `1500ms`.
pub(super) fn parse_span(text: &str) -> Result<SimTime, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let nanos: u64 = match unit {
        _ if number.is_empty() => return Err(no_number(text)),
        "" => return Err(format!("`{text}` has no unit: it must be one of ns, us, ms, s, m, h")),
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        other if other.starts_with(['.', ',', '_']) => return Err(no_number(text)),
        other => {
            return Err(format!(
                "`{text}` has no unit of time in it: `{other}` is not one of ns, us, ms, s, m, h"
            ));
        }
    };
    let nanos = number.parse().ok().and_then(|number: u64| number.checked_mul(nanos));
    nanos.map(SimTime::from_nanos).ok_or_else(|| {
        format!("`{text}` is longer than virtual time, which ends after 584 years")
    })
}

fn no_number(text: &str) -> String {
    format!(
        "`{text}` is not a span of time: it must be a whole number and a unit, such as `1500ms`"
    )
}
