//! Running the built copy, with a bound on its time and memory.

use crate::tree::CHOICE;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// How long is waited between two looks at a process.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ran {
    /// The exit code; none if it took too long or was killed by the system.
    pub(crate) code: Option<i32>,
    /// What it said on standard output.
    pub(crate) said: String,
    /// How long it took, as looks saw it.
    pub(crate) took: Duration,
}

/// The program, and where it may write.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) scratch: PathBuf,
}

impl Program {
    /// Runs it with some mutant, for so long at most. `thread` keeps those apart that run at once.
    pub(crate) fn run(
        &self,
        mutant: Option<usize>,
        arguments: &[&str],
        at_most: Duration,
        thread: usize,
    ) -> Result<Ran, String> {
        let output = self.scratch.join(format!("output-{thread}"));
        let file =
            File::create(&output).map_err(|error| format!("{}: {error}", output.display()))?;
        // Some mutants would fill the memory of the machine before they are noticed.
        let mut command = if cfg!(unix) {
            let mut shell = Command::new("sh");
            shell.args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""]).arg(&self.binary);
            shell
        } else {
            Command::new(&self.binary)
        };
        command
            .args(arguments)
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null());
        match mutant {
            Some(number) => command.env(CHOICE, number.to_string()),
            None => command.env_remove(CHOICE),
        };
        let mut child = command.spawn().map_err(|error| format!("cannot run the copy: {error}"))?;
        let mut took = Duration::ZERO;
        let ended = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break Some(status);
            }
            if took > at_most {
                drop(child.kill());
                drop(child.wait());
                break None;
            }
            sleep(LOOK_EVERY);
            took += LOOK_EVERY;
        };
        let said = fs::read(&output).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok(Ran { code: ended.and_then(|status| status.code()), said, took })
    }
}

/// The stories below a folder, from the root of the project, in order.
pub(crate) fn stories(root: &Path, folder: &str) -> Vec<String> {
    let names = fs::read_dir(root.join(folder)).into_iter().flatten().filter_map(Result::ok);
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter(|name| name.ends_with(".toml"));
    let mut stories: Vec<_> = names.map(|name| format!("{folder}/{name}")).collect();
    stories.sort();
    stories
}
