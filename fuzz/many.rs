//! Reads and plays the files of a range of numbers: `cargo run --release --example many -- 0..100000`.
//!
//! Ends with 1 if one panics, takes longer than ten seconds or more than a gigabyte, and says which; `--print` prints the
//! file of the first number instead.

use sandbar_fuzz::absurd::{Came, check, numbered};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::process::exit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a file may take.
const SECONDS_MOST: u64 = 10;
/// How many kibibytes the process may take: the files of all threads together.
const KIBIBYTES_MOST: u64 = 1 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let range = arguments.first().and_then(|range| range.split_once(".."));
    let range = range.and_then(|(first, end)| Some((first.parse().ok()?, end.parse().ok()?)));
    let Some((first, end)) = range else {
        eprintln!("error: no range of numbers\nhelp: give one, such as 0..100000");
        exit(2)
    };
    if arguments.iter().any(|argument| argument == "--print") {
        println!("{}", numbered(first));
        return;
    }
    let next = AtomicU64::new(first);
    let counts: Mutex<BTreeMap<Came, u64>> = Mutex::default();
    let failed = AtomicU64::new(0);
    let slowest: Mutex<(Duration, u64)> = Mutex::default();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let running: Vec<Mutex<Option<(u64, Instant)>>> =
        (0..threads).map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        for place in &running {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    let begun = Instant::now();
                    *place.lock().expect("nobody panics with it") = Some((number, begun));
                    match catch_unwind(|| check(&numbered(number))) {
                        Ok(came) => {
                            let mut counts = counts.lock().expect("nobody panics with it");
                            *counts.entry(came).or_default() += 1;
                        }
                        Err(_) => {
                            println!("file {number} panics");
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    let mut slowest = slowest.lock().expect("nobody panics with it");
                    *slowest = (*slowest).max((begun.elapsed(), number));
                }
                *place.lock().expect("nobody panics with it") = None;
            });
        }
        scope.spawn(|| watch(&running, &next, end));
    });
    let (most, number) = *slowest.lock().expect("nobody panics with it");
    println!("{:?}", counts.lock().expect("nobody panics with it"));
    println!("slowest: file {number}, {most:?}; peak: {} MiB", memory("VmHWM:") >> 10);
    if failed.load(Ordering::Relaxed) > 0 {
        exit(1);
    }
}

/// Ends the process when a file takes too long or too much.
fn watch(running: &[Mutex<Option<(u64, Instant)>>], next: &AtomicU64, end: u64) {
    loop {
        thread::sleep(Duration::from_millis(20));
        let now: Vec<(u64, Instant)> = running
            .iter()
            .filter_map(|place| *place.lock().expect("nobody panics with it"))
            .collect();
        if now.is_empty() && next.load(Ordering::Relaxed) >= end {
            return;
        }
        for (number, begun) in &now {
            if begun.elapsed() > Duration::from_secs(SECONDS_MOST) {
                println!("file {number} takes longer than {SECONDS_MOST} s");
                exit(1);
            }
        }
        if memory("VmRSS:") > KIBIBYTES_MOST {
            let numbers: Vec<u64> = now.iter().map(|(number, _)| *number).collect();
            println!("one of the files {numbers:?} takes more than a gigabyte");
            exit(1);
        }
    }
}

/// What the system says of the memory of this process, in kibibytes; 0 if it does not say.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
