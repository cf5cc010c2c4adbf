//! Files that are none, and standard input.

use crate::{sandbar, told};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Runs the command with something on its standard input.
fn fed(arguments: &[&str], input: &[u8]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    // Who wants nothing of it closes it early.
    let _ = child.stdin.take().expect("it is a pipe").write_all(input);
    told(&child.wait_with_output().expect("it ends"))
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_refused_as_scenario_and_as_input_without_being_opened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fifo = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().expect("there is such a command");
    assert!(made.success());
    let csv = folder.path().join("csv.toml");
    let text = "
        [input.rows]
        csv = 'FILE'
        columns = ['int']
        [job.copy]
        operators = [{ name = 's', source = 'rows' }, { name = 'o', sink = 'plain' }]
    ";
    let what = [(utf8(&fifo), "a fifo"), ("/dev/zero", "a device"), ("src", "a folder")];
    for (path, kind) in what {
        let whole =
            fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| utf8(&path).to_owned());
        fs::write(&csv, text.replace("FILE", &whole)).expect("written");
        let input = format!("book={path}");
        for arguments in [
            &["run", path][..],
            &["sweep", path, "--seeds", "0..2"],
            &["run", "sim/word_count.toml", "--input", &input],
            &["run", utf8(&csv)],
            &["sweep", utf8(&csv), "--seeds", "0..2"],
        ] {
            let (code, told) = told(&sandbar(arguments));
            assert_eq!(code, Some(2), "{arguments:?}: {told}");
            assert!(told.contains(&format!("it is {kind}, not a file")), "{arguments:?}: {told}");
            assert!(told.contains("help: give a file, or `-`"), "{arguments:?}: {told}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_beyond_the_bound_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let large = folder.path().join("large");
    // It takes no room on a disk: nothing was written.
    fs::File::create(&large).expect("created").set_len(1 << 40).expect("made long");
    let input = format!("book={}", utf8(&large));
    let (code, text) = told(&sandbar(&["run", "sim/word_count.toml", "--input", &input]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("more than 536870912 bytes of a text or CSV file"), "{text}");
    let (code, text) = told(&sandbar(&["run", utf8(&large)]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("more than 8388608 bytes of a scenario file"), "{text}");
}

#[test]
fn a_scenario_and_an_input_are_read_from_standard_input_if_asked_for_once() {
    let scenario = fs::read("sim/word_count.toml").expect("it is there");
    let text = fs::read_to_string("sim/word_count.toml").expect("it is there");
    let book = fs::read("LICENSE-APACHE").expect("it is there");
    let digest = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("digest"));
        line.unwrap_or_else(|| panic!("no digest: {text}")).to_owned()
    };
    let (code, usual) = fed(&["run", "sim/word_count.toml"], b"");
    assert_eq!(code, Some(0), "{usual}");
    let (code, given) = fed(&["run", "sim/word_count.toml", "--input", "book=-"], &book);
    assert_eq!(code, Some(0), "{given}");
    assert_eq!(digest(&usual), digest(&given));
    // Its paths are relative to the working directory then.
    let moved = text.replace("../LICENSE-APACHE", "LICENSE-APACHE");
    let (code, read) = fed(&["run", "-"], moved.as_bytes());
    assert_eq!(code, Some(0), "{read}");
    assert_eq!(digest(&usual), digest(&read));
    for arguments in [
        &["run", "-", "--input", "book=-"][..],
        &["run", "sim/join.toml", "--input", "orders=-", "--input", "payments=-"],
    ] {
        let (code, text) = fed(arguments, &scenario);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
    }
}

#[test]
fn endless_standard_input_is_read_up_to_the_bound() {
    let endless = vec![b' '; 8 * 1024 * 1024 + 1];
    let (code, text) = fed(&["run", "-"], &endless);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("more than 8388608 bytes of a scenario file"), "{text}");
}

#[test]
fn random_bytes_are_no_scenario() {
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(state >> 56).expect("eight bits are left")
    };
    for length in [0, 1, 7, 100, 10_000, 1_000_000] {
        let bytes: Vec<u8> = (0..length).map(|_| random()).collect();
        let (code, text) = fed(&["run", "-"], &bytes);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.starts_with("error: "), "{text}");
    }
}
