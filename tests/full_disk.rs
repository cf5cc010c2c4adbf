//! A disk that is really full: a small file system in memory, mounted for one process and its children.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What the shell ends with where it may not mount anything.
const NOT_PERMITTED: i32 = 77;

/// Fills the disk run by run, then looks at what is there: a line each of what came to be.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=200k tmpfs "$1" 2>/dev/null || exit 77
for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
  before=$("$0" savepoint list "$1/data" 2>/dev/null)
  "$0" run "$2" --data-dir "$1/data" --seed $seed >"$3" 2>&1
  code=$?
  echo "run $code"
  [ $code = 0 ] || break
done
sed 's/^/told /' "$3"
echo "$before" | grep -v '^ ' | while read -r folder; do
  "$0" savepoint verify "$folder" >/dev/null 2>&1
  echo "verified $?"
done
"$0" savepoint list "$1/data" >/dev/null 2>&1
echo "listed $?"
"#;

const SCENARIO: &str = "
[input.rows]
generate = { records = 200, keys = 40 }
partitions = 2
every = '20ms'
[job.sums]
checkpoint = { interval = '300ms' }
operators = [
  { name = 'rows', source = 'rows', parallelism = 2, uid = 'rows' },
  { name = 'sums', aggregate = 'sum', key-by = 0, parallelism = 3, uid = 'sums' },
  { name = 'out', sink = 'two-phase', uid = 'out' },
]
[[step]]
at = '500ms'
do = { savepoint = { job = 'sums', as = 'one' } }
[[step]]
at = '1s'
do = { savepoint = { job = 'sums', as = 'two' } }
";

/// Plays stories on a disk that is full to its last byte.
const REPORT: &str = r#"
mount -t tmpfs -o size=16k tmpfs "$1" 2>/dev/null || exit 77
cat /dev/zero >"$1/filler" 2>/dev/null
"$0" test "$2" --junit "$1/report.xml" 2>&1
echo "code $?"
ls -A "$1"
"#;

/// What a script prints that may mount a disk, over this program and these paths; or why it was not tried.
fn said(script: &str, paths: &[PathBuf]) -> Result<String, String> {
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    shell.arg(env!("CARGO_BIN_EXE_sandbar"));
    let output = match shell.args(paths).output() {
        Ok(output) if output.status.code() != Some(NOT_PERMITTED) => output,
        Ok(_) | Err(_) => return Err("a file system cannot be mounted here".to_owned()),
    };
    let [said, err] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if said.is_empty() { Err(err) } else { Ok(said) }
}

#[test]
fn a_report_that_finds_no_room_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("disk")).expect("made");
    fs::write(path("story.toml"), SCENARIO).expect("written");
    let said = match said(REPORT, &[path("disk"), path("story.toml")]) {
        Ok(said) => said,
        Err(why) => return println!("not tried: {why}"),
    };
    assert!(said.contains("1 story: 1 passed, 0 failed"), "the stories are told: {said}");
    assert!(said.contains("error: cannot write `"), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.ends_with("\ncode 2\nfiller\n"), "{said}");
}

#[test]
fn a_full_disk_is_an_error_of_its_own_and_what_was_there_stays_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("disk")).expect("made");
    fs::write(path("writer.toml"), SCENARIO).expect("written");
    let said = match said(SCRIPT, &[path("disk"), path("writer.toml"), path("told")]) {
        Ok(said) => said,
        Err(why) => return println!("not tried: {why}"),
    };
    let count = |line: &str| said.lines().filter(|other| *other == line).count();
    assert!(count("run 0") >= 2, "the disk holds too little: {said}");
    assert_eq!(count("run 2"), 1, "{said}");
    assert!(said.contains("told error: cannot write `"), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("told help: free some space"), "{said}");
    let verified = said.lines().filter(|line| line.starts_with("verified ")).count();
    assert!(verified >= 4 && count("verified 0") == verified, "{said}");
    assert_eq!(count("listed 0"), 1, "what was cut off is not listed: {said}");
}
