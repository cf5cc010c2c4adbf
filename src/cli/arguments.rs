//! What a user can type.

mod bugs;
mod crash;
mod draw;
mod questions;
mod sweep;

pub(super) use bugs::Bugs;
pub(super) use crash::Crash;
pub(super) use draw::Draw;
pub(super) use questions::{Compare, Explain, Question, RecordName, Told, Under};
pub(super) use sweep::Sweep;

use super::examples::{
    BUGS, COMPARING, CRASH, DRAWING, EXAMPLES, EXPLAINING, SCHEMA, SHRINKING, TEST_EXAMPLES,
};
use super::fitted::{WIDTH, fitted};
use super::language::Kind;
use super::system::path_from;
use super::words;
use crate::job::{ClaimMode, KeyType};
use crate::kernel::{SEED_MAX, SimTime};
use crate::rules::{Mutation, Release};
use crate::scenario::{Profile, Scenario};
use crate::trace::{CheckName, Sometimes, Word};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

/// A deterministic simulation of checkpoints, savepoints and restores of a Flink-style stream processor.
///
/// A scenario file tells a story: inputs, jobs, faults, what must come out. Sandbar plays it in virtual time, decides
/// every delay by a seed, checks what must always hold, and says how to play the same again.
#[derive(Parser, Debug)]
#[command(name = "sandbar", version, after_help = format!("{EXAMPLES}\n\n{}", super::exit::table()), max_term_width = 80)]
pub(super) struct Arguments {
    /// When to show colour: on a terminal, unless NO_COLOR or TERM=dumb is set (auto); CLICOLOR_FORCE shows it in a pipe
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Play a scenario: print its story, jobs, savepoints and verdict
    #[command(after_long_help = expectations())]
    Run(Run),
    /// Play many seeds: drawn scenarios, or one file under each seed
    Sweep(Sweep),
    /// Play all stories of folders, each as `run` does, and tell those that fail
    #[command(after_help = TEST_EXAMPLES)]
    Test(Test),
    /// Look for a smaller story that is broken in the same way, and write it as a scenario file
    #[command(after_help = SHRINKING)]
    Shrink(Shrink),
    /// Tell why a run went as it did: what led to a violation, a checkpoint's story, a record's biography, what stood where,
    /// where rows came from
    #[command(after_help = EXPLAINING)]
    Explain(Explain),
    /// Tell where two runs part and what followed: two files, releases, seeds, or traces
    #[command(after_help = COMPARING)]
    Compare(Compare),
    /// Kill or lose something at each moment of a story in turn, and tell which placement breaks which check
    #[command(after_help = CRASH)]
    Crash(Crash),
    /// List real bugs that are told as stories, play one broken and as it should be, or see which checks notice what
    #[command(after_help = BUGS)]
    Bugs(Bugs),
    /// Draw a run as a picture: lanes, checkpoints, barriers, faults, restarts
    #[command(after_help = DRAWING)]
    Draw(Draw),
    /// Look at savepoints that a run left with --data-dir
    #[command(subcommand)]
    Savepoint(SavepointCommand),
    /// Print the operator id that Flink makes of a uid
    Uid {
        /// The uid, as a job sets it
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Print the hash code, key group and subtask that Flink gives a key
    Key(Key),
    /// Print the rules of a release of Flink, each with its meaning and source, or what differs from another
    Rules(RulesOf),
    /// Tell what a message of Flink means, what causes it, which rule and story show it, and the way out
    ExplainError(ExplainError),
    /// Write a first story with comments
    New(New),
    /// Read scenario files and their inputs without playing them, and tell all that is wrong with each; exits with 2 if
    /// anything is
    Check(Check),
    /// Rewrite scenario files in the newest format of the language; comments stay
    Upgrade(Check),
    /// List words of the language of scenarios, each with what it means
    List(List),
    /// Print the language of scenarios as a JSON schema, for editors
    #[command(after_help = SCHEMA)]
    Schema,
    /// Print a completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// What a scenario's `[expect]` can name.
fn expectations() -> String {
    fn table<W: Word>(text: &mut String, title: &str) {
        let width = W::ALL.iter().map(|word| word.name().len()).max().unwrap_or(0);
        text.push_str(title);
        for word in W::ALL {
            text.push_str(&format!("\n  {word:width$}  {}", word.about()));
        }
    }
    let mut text = String::new();
    table::<CheckName>(
        &mut text,
        "Checks, which `holds` and `breaks` of a scenario's [expect] can name:",
    );
    table::<Sometimes>(
        &mut text,
        "\n\nWhat `sometimes` can ask for, since it must happen at least once:",
    );
    fitted(&text, WIDTH)
}

/// What a command does about others that write into the same data folder. Only one does at a time; readers do not matter.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Locking {
    /// If another process writes into the data folder, wait so many seconds for it instead of exiting with 2 at once
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=WAIT_MAX), allow_hyphen_values = true)]
    pub(super) wait: Option<u32>,
    /// Do not lock the data folder; for file systems that have no locks. Dangerous if another process uses the folder:
    /// no row that was committed is lost, but each removes files that the other may need
    #[arg(long, conflicts_with = "wait")]
    pub(super) no_lock: bool,
}

/// The longest that can be waited for: 30 days.
const WAIT_MAX: i64 = 30 * 24 * 60 * 60;

/// How a run is told.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object: seed, digest, events, virtual_ns, verdict, violations, jobs, savepoints and more. `schema` is the
    /// version of the format
    Json,
}

/// How the stories of a test are told.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lines {
    /// For people: those that fail, and how many there were
    Human,
    /// One JSON object a line: for each story story, result, code, reason, replay, plays and more, then one with summary.
    /// `schema` is the version of the format
    Json,
}

/// How messages are explained.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// For people
    Human,
    /// One JSON object: explained, nearest. `schema` is the version of the format
    Json,
}

#[derive(Args, Debug)]
pub(super) struct Run {
    /// The scenario file, or - for standard input. `sandbar new` writes one
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Decide every random choice by N, 0 to 2^63-1, instead of the file's seed
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(super) seed: Option<u64>,
    /// Play under this release alone, of those that the file names
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(super) flink: Option<Release>,
    /// Read input NAME from PATH instead, a text file of one entry a line, or - for standard input; `sometimes` is not
    /// asked for then
    #[arg(long, value_name = "NAME=PATH", value_parser = binding())]
    pub(super) input: Vec<Binding>,
    /// Write what readers of sink NAME see in the end to PATH: for pairs the last value of each key, `key<TAB>value`
    /// sorted by the bytes of the key; for other rows one a line, in order of commit. Tabs and line ends inside are
    /// written as \t, \n and \r. What a link points to is replaced or, if nothing is
    /// there, created. A file is replaced as a whole and keeps its permissions; its other hard links keep the old content
    #[arg(long, value_name = "NAME=PATH", value_parser = binding())]
    pub(super) output: Vec<Binding>,
    /// End the world at this virtual time at the latest, such as 1500ms or 60s
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(super) until: Option<SimTime>,
    /// Keep savepoints, retained checkpoints and sinks as files under DIR, as Flink lays them out, wherever the story puts or
    /// moves them. DIR is locked meanwhile: another run that writes there exits with 2
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) locking: Locking,
    /// Start the file's only job from this savepoint or checkpoint: its folder, or the _metadata in it
    #[arg(short = 's', long, value_name = "PATH")]
    pub(super) from_savepoint: Option<PathBuf>,
    /// Drop state of the savepoint that no operator of the job takes, instead of refusing it
    #[arg(short = 'n', long, requires = "from_savepoint")]
    pub(super) allow_non_restored_state: bool,
    /// Who owns the savepoint from then on: no-claim, claim or legacy
    #[arg(
        long,
        visible_alias = "restore-mode",
        value_name = "MODE",
        value_parser = words::claim_mode(), hide_possible_values = true,
        requires = "from_savepoint"
    )]
    pub(super) claim: Option<ClaimMode>,
    /// Write every protocol event to FILE, one JSON object a line; before them a line with the version of the format, `schema`,
    /// and the cast: tasks, channels and sinks by their ids; behind them one with the verdict
    #[arg(long, value_name = "FILE.jsonl")]
    pub(super) trace: Option<PathBuf>,
    /// Write an event for each record that is read, sent or taken, too
    #[arg(long, requires = "trace")]
    pub(super) records: bool,
    /// If it fails, keep in the folder DIR what there is to know of it: report.txt and report.json, story.toml and, if one is
    /// found, small.toml, trace.jsonl, why.txt, timeline.txt. `explain DIR` plays it again. What --keep wrote before is replaced
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data_dir", "from_savepoint", "input"])]
    pub(super) keep: Option<PathBuf>,
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Tell every protocol event, not only the story, with the number by which messages name it
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) only: Told,
    /// Tell what a user of Flink's command line would have typed, and what would have come back
    #[arg(long)]
    pub(super) transcript: bool,
    /// Play twice and compare; exit with 3 if anything differs
    #[arg(long)]
    pub(super) check_determinism: bool,
    /// Try in the end to restore all savepoints and checkpoints that are kept, each in a world of its own, at other
    /// parallelisms too
    #[arg(long)]
    pub(super) deep: bool,
}

#[derive(Args, Debug)]
pub(super) struct Test {
    /// Folders, in which all files that end in .toml are found, however deep, but for hidden ones; scenario files; or - for
    /// standard input
    #[arg(value_name = "DIR|FILE", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Play only stories that have TEXT in their path or in their `about`
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) filter: Option<String>,
    /// Decide every random choice by N, 0 to 2^63-1, instead of the files' seeds
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(super) seed: Option<u64>,
    /// Play only stories that name this release, and under it alone
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(super) flink: Option<Release>,
    /// How many threads; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_hyphen_values = true)]
    pub(super) jobs: Option<u16>,
    /// Write a JUnit report to FILE, which build systems read: a suite for each folder, a case for each file
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Lines::Human)]
    pub(super) format: Lines,
}

impl Run {
    /// `run FILE` with no option but these.
    pub(super) fn of(file: PathBuf, seed: Option<u64>, flink: Option<Release>) -> Self {
        Self {
            file,
            seed,
            flink,
            input: Vec::new(),
            output: Vec::new(),
            until: None,
            data_dir: None,
            locking: Locking { wait: None, no_lock: false },
            from_savepoint: None,
            allow_non_restored_state: false,
            claim: None,
            trace: None,
            records: false,
            keep: None,
            format: Format::Json,
            verbose: false,
            only: Told::default(),
            transcript: false,
            check_determinism: false,
            deep: false,
        }
    }
}

/// How many plays a search for a smaller story may take if nobody says.
const PLAYS: u32 = 400;

#[derive(Args, Debug)]
pub(super) struct Shrink {
    /// The scenario file; without it, the story is drawn from the seed, as by `sweep`
    #[arg(value_name = "FILE", required_unless_present = "seed")]
    pub(super) file: Option<PathBuf>,
    /// The seed under which it is broken, instead of the file's
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(super) seed: Option<u64>,
    /// Break the protocol deliberately in this way. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true)]
    pub(super) mutation: Vec<Mutation>,
    /// Draw the story of this release only, as `sweep` does; of a file, the one of its releases under which it is played
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(super) flink: Option<Release>,
    /// What is to stay broken, if several checks are: the first that is told, if nobody says
    #[arg(long, value_name = "NAME", value_parser = words::check(), hide_possible_values = true)]
    pub(super) check: Option<CheckName>,
    /// How many worlds are played at most
    #[arg(long, value_name = "N", default_value_t = PLAYS, value_parser = clap::value_parser!(u32).range(1..), allow_hyphen_values = true)]
    pub(super) budget: u32,
    /// Where the smaller story goes; without it, it is printed. Paths in it stay relative to where FILE lies
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl Shrink {
    /// What the story is drawn of.
    pub(super) fn profile(&self) -> Profile {
        drawn_under(self.flink)
    }
}

/// What stories are drawn of: of all releases, or of one.
pub(super) fn drawn_under(release: Option<Release>) -> Profile {
    match release {
        None => Profile::default(),
        Some(flink) => Profile { flink, releases: false, ..Profile::default() },
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum SavepointCommand {
    /// Tell what is in a savepoint or retained checkpoint, having read all of it
    Show {
        /// Its folder, or the _metadata in it
        path: PathBuf,
    },
    /// Read every byte of it, and tell each file with its blocks; exits with 2 at the first that is damaged
    Verify {
        /// Its folder, or the _metadata in it
        path: PathBuf,
    },
    /// Move it, having read all of it; between file systems it is copied and read again first
    Move {
        /// Its folder, or the _metadata in it
        from: PathBuf,
        /// Where nothing is, or a folder to move it into
        to: PathBuf,
        /// Have its metadata name the new place, where they name files by absolute paths (1.3 to 1.10)
        #[arg(long)]
        rewrite_paths: bool,
        #[command(flatten)]
        locking: Locking,
    },
    /// Remove its files, _metadata first, and nothing that is not its own
    Dispose {
        /// Its folder, or the _metadata in it
        path: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        locking: Locking,
    },
    /// List the savepoints and retained checkpoints of a data folder, each with its path on a line of its own
    List {
        /// A data folder, or any folder that holds savepoints
        path: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(super) struct New {
    /// What it is about
    #[arg(value_enum, default_value_t = Kind::WordCount)]
    pub(super) kind: Kind,
    /// Where it goes, or - to print it; without it, a file in this folder with the name of the kind
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// The scenario files, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// Which words
    #[arg(value_name = "WHAT", value_parser = clap::builder::PossibleValuesParser::new(Scenario::lists()))]
    pub(super) what: String,
}

#[derive(Args, Debug)]
pub(super) struct RulesOf {
    /// The release line
    #[arg(value_name = "RELEASE", default_value_t, value_parser = words::release(), hide_possible_values = true)]
    pub(super) release: Release,
    /// Print only where it differs from this one
    #[arg(long, value_name = "OTHER", value_parser = words::release(), hide_possible_values = true)]
    pub(super) diff: Option<Release>,
    /// Tell only what a broken protocol patches. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true, conflicts_with = "diff")]
    pub(super) mutation: Vec<Mutation>,
}

#[derive(Args, Debug)]
pub(super) struct ExplainError {
    /// The message, or a whole stack trace in quotes, as it is in the log: ids, paths and times do not matter. - reads
    /// standard input
    #[arg(value_name = "TEXT", required_unless_present_any = ["file", "all"])]
    pub(super) text: Vec<String>,
    /// Read the text from this file, such as a log
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(super) file: Option<PathBuf>,
    /// Print all messages that are known, as docs/errors.md
    #[arg(long, conflicts_with_all = ["text", "file"])]
    pub(super) all: bool,
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Answer::Human)]
    pub(super) format: Answer,
}

#[derive(Args, Debug)]
pub(super) struct Key {
    /// The key
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    pub(super) key: String,
    /// The Java type that it hashes as: text, int, long, short, byte, char, double, float or bool
    #[arg(long = "type", value_name = "TYPE", default_value = "text", value_parser = words::key_type(), hide_possible_values = true)]
    pub(super) key_type: KeyType,
    /// How many key groups there are, 1 to 32768
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=32768))]
    pub(super) max_parallelism: u32,
    /// How many subtasks share them
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..=32768))]
    pub(super) parallelism: Option<u32>,
}

/// A name and a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// What `--color` says, as far as that can be told before the other arguments are understood.
pub(super) fn typed_colour(arguments: impl Iterator<Item = OsString>) -> anstream::ColorChoice {
    let arguments: Vec<OsString> = arguments.collect();
    let behind = |word: &OsString| match word.to_str()?.strip_prefix("--color")? {
        "" => Some(None),
        value => value.strip_prefix('=').map(|value| Some(value.to_owned())),
    };
    let place = arguments.iter().position(|word| behind(word).is_some());
    let value = place.and_then(|place| match behind(&arguments[place])? {
        Some(value) => Some(value),
        None => arguments.get(place + 1)?.to_str().map(str::to_owned),
    });
    match value.as_deref() {
        Some("always") => anstream::ColorChoice::Always,
        Some("never") => anstream::ColorChoice::Never,
        Some(_) | None => anstream::ColorChoice::Auto,
    }
}

fn seed(text: &str) -> Result<u64, String> {
    let number: Option<u64> = text.parse().ok().filter(|seed| *seed <= SEED_MAX);
    number.ok_or_else(|| "a seed is a whole number from 0 to 2^63-1".to_owned())
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..");
    let (first, end) =
        parts.ok_or_else(|| "a range of seeds is A..B, such as 0..100".to_owned())?;
    let (first, end) = (seed(first)?, end.trim_start_matches('='));
    // The end is not a seed that is played, so it may be one more than the last.
    let end: Option<u64> = end.parse().ok().filter(|end| *end <= SEED_MAX + 1);
    let end = end.ok_or_else(|| "a range of seeds ends at 2^63 at the latest".to_owned())?;
    if first >= end {
        return Err(format!("there is no seed from {first} up to but without {end}"));
    }
    Ok(first..end)
}

fn binding() -> impl TypedValueParser<Value = Binding> {
    OsStringValueParser::new().try_map(|given| split(&given).ok_or("it must be NAME=PATH"))
}

/// Splits at the first `=`. The path need not be UTF-8 where the system allows that.
fn split(given: &OsString) -> Option<Binding> {
    let bytes = given.as_encoded_bytes();
    let place = bytes.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&bytes[..place]).ok()?.to_owned();
    let path = path_from(given, place + 1)?;
    (!name.is_empty() && !path.as_os_str().is_empty()).then_some(Binding { name, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_seeds_has_a_first_seed_and_an_end() {
        assert_eq!(seeds("0..10"), Ok(0..10));
        assert_eq!(seeds("9223372036854775807..9223372036854775808"), Ok(SEED_MAX..SEED_MAX + 1));
        for wrong in ["", "..", "7", "7..7", "9..3", "-1..3", "a..b", "0..9223372036854775809"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_binding_splits_at_its_first_equals_sign() {
        let path = PathBuf::from("a=b");
        assert_eq!(split(&"x=a=b".into()), Some(Binding { name: "x".into(), path }));
        for wrong in ["", "=", "x", "x=", "=x"] {
            assert_eq!(split(&wrong.into()), None, "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
