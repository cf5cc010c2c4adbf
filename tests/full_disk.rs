//! A disk that is really full: a small file system in memory, mounted for one process and its children.
#![cfg(target_os = "linux")]

use std::fs;
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

#[test]
fn a_full_disk_is_an_error_of_its_own_and_what_was_there_stays_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("disk")).expect("made");
    fs::write(path("writer.toml"), SCENARIO).expect("written");
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT]);
    shell.arg(env!("CARGO_BIN_EXE_sandbar"));
    let output = shell.args([path("disk"), path("writer.toml"), path("told")]).output();
    let output = match output {
        Ok(output) if output.status.code() != Some(NOT_PERMITTED) => output,
        Ok(_) | Err(_) => {
            println!("not tried: a file system cannot be mounted here");
            return;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if said.is_empty() {
        println!("not tried: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
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
