//! What came of the stories as JUnit XML, which build systems read: a suite for each folder, a case for each file.
//!
//! Valid by the schema that the xUnit plugin of Jenkins holds files against (`junit-10.xsd`), the strictest that is in use.

use super::ends::{StoryEnd, StoryResult};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::path::Path;
use std::time::Duration;

/// What the whole report is called.
const NAME: &str = "sandbar";

/// The report. Folders stand in the order in which their first files do.
pub(super) fn report(ends: &[StoryEnd], wall_ms: u64) -> Result<String, SerializeError> {
    let mut suites: Vec<TestSuite> = Vec::new();
    for end in ends {
        let folder = folder_of(&end.story);
        let place = suites.iter().position(|suite| suite.name.as_str() == folder);
        let place = place.unwrap_or_else(|| {
            suites.push(TestSuite::new(folder.clone()));
            suites.len() - 1
        });
        let suite = &mut suites[place];
        let time = Duration::from_millis(end.wall_ms);
        suite.set_time(suite.time.unwrap_or_default() + time);
        suite.add_test_case(case(end, folder));
    }
    let mut report = Report::new(NAME);
    report.set_time(Duration::from_millis(wall_ms)).add_test_suites(suites);
    let skipped = format!(" skipped=\"{}\"", report.skipped);
    // The schema knows no such attribute of the root, and the first one stands there.
    Ok(report.to_string()?.replacen(&skipped, "", 1))
}

/// Where a file lies; `.` if nobody says.
fn folder_of(story: &str) -> String {
    let folder = Path::new(story).parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| ".".to_owned(), |folder| folder.display().to_string())
}

fn case(end: &StoryEnd, folder: String) -> TestCase {
    let reason = end.reason.clone().unwrap_or_default();
    let status = match end.result {
        StoryResult::Passed => TestCaseStatus::success(),
        StoryResult::Skipped => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(reason);
            skipped
        }
        StoryResult::Failed | StoryResult::Error => {
            let kind = match end.result {
                StoryResult::Error => NonSuccessKind::Error,
                StoryResult::Passed | StoryResult::Failed | StoryResult::Skipped => {
                    NonSuccessKind::Failure
                }
            };
            let mut status = TestCaseStatus::non_success(kind);
            let code = format!("exit code {}", end.code);
            status.set_message(reason).set_type(code).set_description(details(end));
            status
        }
    };
    let story = Path::new(&end.story);
    let name = story.file_name().map_or_else(String::new, |name| name.display().to_string());
    let mut case = TestCase::new(name, status);
    case.set_classname(folder).set_time(Duration::from_millis(end.wall_ms));
    case
}

/// All that is known of a failure, in lines.
fn details(end: &StoryEnd) -> String {
    let mut text = String::new();
    if !end.about.is_empty() {
        text.push_str(&format!("{}\n\n", end.about));
    }
    for play in &end.plays {
        if !play.reasons.is_empty() {
            text.push_str(&format!("Flink {}\n", play.flink));
            play.reasons.iter().for_each(|reason| text.push_str(&format!("  {reason}\n")));
            text.push_str(&format!("  replay: {}\n", play.replay));
        }
    }
    if let Some(said) = &end.text {
        text.push_str(said);
        if !said.contains("replay: ") {
            let replay = end.replay.as_deref().unwrap_or_default();
            text.push_str(&format!("replay: {replay}\n"));
        }
    }
    text
}
