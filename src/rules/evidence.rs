//! Where it is known from what a rule is in a release of Flink.
//!
//! Knows what the rows of the table say of themselves. Whether a recording contradicts one of them is for `tests/recorded`.

use super::Release;
use std::fmt;

/// What a row of the table says of where it is known from. Versions stand one by one or as `1.9.3 to 2.3.0`.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// The versions of Flink that were seen to do so.
    pub(super) recorded: &'static str,
    /// The versions whose source or class files say so.
    pub(super) read: &'static str,
    /// A page, a FLIP or an issue; of all releases, or of those behind a colon.
    pub(super) page: &'static str,
    /// The releases that have nothing which the rule decides.
    pub(super) moot: &'static str,
}

/// Where it is known from what a rule is in one release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Known {
    /// This version was seen to do so.
    Recorded(&'static str),
    /// The source or the class files of this version say so.
    Read(&'static str),
    /// This page, FLIP or issue says so.
    Page(&'static str),
    /// The release has nothing that the rule decides.
    Moot,
    /// Nobody has looked, or nobody wrote down where.
    Unverified,
}

impl Evidence {
    /// The best that there is of a release.
    pub(super) fn of(&self, release: Release) -> Known {
        let among = |versions: &'static str| {
            versions.split(", ").find(|version| covers(version, release) == Some(true))
        };
        let page = match self.page.split_once(": ") {
            Some((page, releases)) => among(releases).map(|_| page),
            None => Some(self.page).filter(|page| !page.is_empty()),
        };
        match (among(self.moot), among(self.recorded), among(self.read), page) {
            (Some(_), ..) => Known::Moot,
            (None, Some(version), ..) => Known::Recorded(version),
            (None, None, Some(version), _) => Known::Read(version),
            (None, None, None, Some(page)) => Known::Page(page),
            (None, None, None, None) => Known::Unverified,
        }
    }
}

/// Whether a version, or all from one to another, are of a release; none if they are no versions. The source of 2.0 is what was
/// read of 2.0 and later.
fn covers(versions: &str, release: Release) -> Option<bool> {
    let (first, last) = versions.split_once(" to ").unwrap_or((versions, versions));
    let (first, last) = (line_of(first)?, line_of(last)?);
    let last = if last >= Release::V2_0 { Release::default() } else { last };
    Some((first..=last).contains(&release))
}

/// The release that a version is of: 1.13 of 1.13.6.
fn line_of(version: &str) -> Option<Release> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    format!("{major}.{minor}").parse().ok()
}

/// `recorded in 1.13.6`.
impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(version) => write!(f, "recorded in {version}"),
            Self::Read(version) => write!(f, "read in {version}"),
            Self::Page(page) => write!(f, "told by {page}"),
            Self::Moot => f.write_str("nothing to decide"),
            Self::Unverified => f.write_str("not verified"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    /// The versions that were run, or whose files were looked at.
    const RUN: [&str; 16] = [
        "1.9.3", "1.10.3", "1.11.4", "1.12.5", "1.13.6", "1.14.6", "1.15.4", "1.16.3", "1.17.2",
        "1.18.1", "1.19.3", "1.20.5", "2.0.2", "2.1.3", "2.2.1", "2.3.0",
    ];

    fn versions(list: &'static str) -> impl Iterator<Item = &'static str> {
        list.split(", ").filter(|version| !version.is_empty())
    }

    #[test]
    fn what_a_row_names_are_versions_and_only_what_was_run_was_recorded() {
        for field in Rules::FIELDS {
            let Evidence { recorded, read, page, moot } = field.evidence;
            let paged = page.split_once(": ").map_or("", |(_, releases)| releases);
            for list in [recorded, read, moot, paged] {
                for version in versions(list) {
                    let is_known = covers(version, Release::V2).is_some();
                    assert!(is_known, "`{}`: `{version}` is no version", field.name);
                }
            }
            for version in versions(recorded).flat_map(|versions| versions.split(" to ")) {
                assert!(RUN.contains(&version), "`{}`: {version} was not run", field.name);
            }
        }
    }

    #[test]
    fn a_release_that_has_nothing_to_decide_was_not_seen_to_decide_it() {
        for field in Rules::FIELDS {
            let seen = Evidence { moot: "", page: "", ..field.evidence };
            for release in Release::ALL {
                let is_moot = field.known_in(release) == Known::Moot;
                let seen = seen.of(release);
                assert!(
                    !is_moot || seen == Known::Unverified,
                    "`{}`, {release}: {seen}",
                    field.name
                );
            }
        }
    }

    #[test]
    fn the_best_evidence_counts_and_no_evidence_is_told() {
        let evidence = Evidence {
            recorded: "1.13.6, 1.15.4",
            read: "1.3.3, 1.13.3, 2.0",
            page: "FLINK-1: 1.2 to 1.4",
            moot: "1.0 to 1.1",
        };
        let known = |release| evidence.of(release).to_string();
        assert_eq!(known(Release::V1_1), "nothing to decide");
        assert_eq!(known(Release::V1_3), "read in 1.3.3");
        assert_eq!(known(Release::V1_4), "told by FLINK-1");
        assert_eq!(known(Release::V1_7), "not verified");
        assert_eq!(known(Release::V1_13), "recorded in 1.13.6");
        assert_eq!(known(Release::V2), "read in 2.0");
    }
}
