//! The library without an operating system: compiled for wasm32 and interpreted, the golden runs come to the digests that
//! they have natively.
//!
//! The guest is the package in `tests/wasm-guest`, built here with the versions of the project's own `Cargo.lock`.

use sandbar::story::InputKind;
use sandbar::{Choices, Profile, Scenario};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasmi::{Engine, Instance, Linker, Module, Store, TypedFunc, WasmParams};

const TARGET: &str = "wasm32-unknown-unknown";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether the standard library of the target is there.
fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let output = output.expect("a compiler that builds tests can be run");
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

/// Builds the guest, in a folder of its own so that it waits for no other build.
fn build() -> PathBuf {
    let guest = root().join("tests/wasm-guest");
    fs::copy(root().join("Cargo.lock"), guest.join("Cargo.lock")).expect("a lock file is copied");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm-guest");
    let built = Command::new(std::env::var_os("CARGO").expect("cargo runs its tests"))
        .current_dir(&guest)
        .args(["build", "--release", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo can be run");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join(TARGET).join("release/sandbar_wasm_guest.wasm")
}

/// The library in its interpreter.
struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn load(file: &Path) -> Self {
        let engine = Engine::default();
        let bytes = fs::read(file).expect("the guest has been built");
        let module = Module::new(&engine, &bytes).expect("a compiler writes a valid module");
        let imports: Vec<_> = module.imports().map(|import| import.name().to_owned()).collect();
        assert!(imports.is_empty(), "the library asks its host for {imports:?}");
        let mut store = Store::new(&engine, ());
        let linker = Linker::new(&engine);
        let instance = linker.instantiate_and_start(&mut store, &module);
        Self { instance: instance.expect("a module without imports starts"), store }
    }

    fn function<P: WasmParams, R: wasmi::WasmResults>(&self, name: &str) -> TypedFunc<P, R> {
        let function = self.instance.get_typed_func(&self.store, name);
        function.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Calls a function that answers with a text.
    fn call<P: WasmParams>(&mut self, name: &str, given: P) -> String {
        let function = self.function::<P, u64>(name);
        let answer = function.call(&mut self.store, given);
        let answer = answer.unwrap_or_else(|trap| panic!("{name}: {trap}"));
        let place = |number: u64| usize::try_from(number).expect("addresses have 32 bits");
        let (start, length) = (place(answer >> 32), place(answer & u64::from(u32::MAX)));
        let memory = self.instance.get_memory(&self.store, "memory").expect("it has a memory");
        let bytes = memory.data(&self.store)[start..start + length].to_vec();
        String::from_utf8(bytes).expect("an answer is text")
    }

    /// Puts bytes where the guest finds them: address and length.
    fn put(&mut self, bytes: &[u8]) -> (u32, u32) {
        let length = u32::try_from(bytes.len()).expect("inputs are small");
        let allocate = self.function::<u32, u32>("allocate");
        let start = allocate.call(&mut self.store, length).expect("memory grows");
        let memory = self.instance.get_memory(&self.store, "memory").expect("it has a memory");
        let place = usize::try_from(start).expect("usize has 32 bits or more");
        memory.write(&mut self.store, place, bytes).expect("it was allocated");
        (start, length)
    }

    /// Digest, virtual end and events of a scenario whose text inputs hold these bytes.
    fn play(&mut self, scenario: &str, input: &[u8]) -> String {
        let (text, text_length) = self.put(scenario.as_bytes());
        let (input, input_length) = self.put(input);
        self.call("play", (text, text_length, input, input_length))
    }
}

/// The scenario of a golden run as a file, and what its text inputs hold. A drawn one is drawn by the guest, too.
fn given(name: &str, guest: &mut Guest) -> (String, Vec<u8>) {
    if let Some(seed) = name.strip_prefix("seed-") {
        let seed: u64 = seed.parse().expect("a golden seed is a number");
        let text = guest.call("draw", seed);
        let native = Scenario::draw(&Choices::new(seed), &Profile::default()).to_text();
        assert_eq!(text, native, "{name}: wasm32 draws another scenario");
        return (text, Vec::new());
    }
    let path = root().join(name);
    let text = fs::read_to_string(&path).expect("a golden simulation is there");
    let catalogue = sandbar::Catalogue::built_in();
    let scenario = Scenario::parse(&text, name, &catalogue).expect("a golden simulation parses");
    let InputKind::Text(input) = &scenario.inputs[0].kind else { panic!("{name} reads no text") };
    let input = path.parent().expect("a file lies in a folder").join(input);
    (text, fs::read(input).expect("its input is there"))
}

#[test]
fn wasm32_comes_to_the_digests_of_the_golden_runs() {
    if !has_target() {
        let why = format!("the {TARGET} target is not installed (rustup target add {TARGET})");
        writeln!(std::io::stderr(), "SKIPPED: {why}").expect("stderr is there");
        return;
    }
    let mut guest = Guest::load(&build());
    let golden = fs::read_to_string(root().join("tests/digests.txt")).expect("it is there");
    let lines: Vec<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 10, "tests/digests.txt has another number of runs");
    let differing: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (name, native) = line.split_once(' ').expect("a line has a name");
            let (scenario, input) = given(name, &mut guest);
            let interpreted = guest.play(&scenario, &input);
            (interpreted != native)
                .then(|| format!("{name}\n  native {native}\n  wasm32 {interpreted}"))
        })
        .collect();
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}
