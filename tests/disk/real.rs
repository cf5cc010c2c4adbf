//! The file system of the operating system, as the store sees it.

use sandbar::internals::{Disk, Kind, Links, RealDisk};
use std::fs;
use std::process::Command;

#[test]
fn nothing_but_a_file_is_read_and_no_link_is_followed_unasked() {
    let folder = tempfile::tempdir().expect("it can be done");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "content").expect("it can be done");
    std::os::unix::fs::symlink(at("file"), at("link")).expect("it can be done");
    std::os::unix::fs::symlink("/dev/zero", at("zero")).expect("it can be done");
    assert!(Command::new("mkfifo").arg(at("fifo")).status().expect("it can be done").success());
    let read = |name: &str, links| RealDisk.read(&at(name), links, 4).expect("it can be done");
    assert_eq!(read("file", Links::Told).bytes, b"cont");
    assert_eq!(read("file", Links::Told).found.length, 7);
    assert_eq!(read("link", Links::Followed).bytes, b"cont");
    for (name, links, kind) in [
        ("link", Links::Told, Kind::Link),
        ("fifo", Links::Told, Kind::Fifo),
        ("fifo", Links::Followed, Kind::Fifo),
        ("zero", Links::Followed, Kind::Device),
        (".", Links::Followed, Kind::Folder),
    ] {
        let content = read(name, links);
        assert_eq!((content.found.kind, content.bytes.len()), (kind, 0), "{name}");
    }
    assert_eq!(fs::read(at("file")).expect("it can be done"), b"content");
}
