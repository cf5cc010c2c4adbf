//! Measures several ways to do the same work in turn, and prints rows with budgets.

/// Rounds a row is measured for.
const ROUNDS: usize = 101;

/// One way to do the work of a row.
pub(crate) struct Side<'a> {
    name: &'static str,
    slice: Box<dyn FnMut() + 'a>,
}

pub(crate) fn side<'a>(name: &'static str, slice: impl FnMut() + 'a) -> Side<'a> {
    Side { name, slice: Box::new(slice) }
}

/// What a row measures.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Events or worlds in a slice of a plain side.
    pub(crate) units: u64,
    /// Events or worlds in a slice of Sandbar's side: a world has its control events beside those of its records.
    pub(crate) units_of_sandbar: u64,
    pub(crate) budget: f64,
}

#[expect(clippy::disallowed_types, reason = "a bench measures with the wall clock")]
pub(crate) fn seconds(slice: &mut dyn FnMut()) -> f64 {
    let start = std::time::Instant::now();
    slice();
    start.elapsed().as_secs_f64()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Whether this is `cargo bench -- --test`: one round, as criterion does it then.
fn is_trial() -> bool {
    std::env::args().any(|word| word == "--test")
}

/// Seconds of every slice of every side, round after round, the first side first in every other round.
pub(crate) fn times_of(sides: &mut [Side<'_>], rounds: usize) -> Vec<Vec<f64>> {
    let rounds = if is_trial() { 1 } else { rounds };
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    for side in &mut *sides {
        (side.slice)(); // warms the caches and grows the vectors
    }
    for round in 0..rounds {
        for turn in 0..sides.len() {
            let turn = if round % 2 == 0 { turn } else { sides.len() - 1 - turn };
            times[turn].push(seconds(&mut sides[turn].slice));
        }
    }
    times
}

pub(crate) fn print_head() {
    if is_trial() {
        println!("one round each, of which the figures say nothing");
    }
    println!(
        "{:<28} {:>12} {:>12}  {:<22} {:>6} {:>7}",
        "workload", "sandbar /s", "plain /s", "plain structure", "share", "budget"
    );
}

/// Measures all sides in turn, Sandbar's first, and prints the row. Returns the nanoseconds of a unit of Sandbar's.
pub(crate) fn measure(row: &Row, mut sides: Vec<Side<'_>>) -> f64 {
    let times = times_of(&mut sides, ROUNDS);
    let medians: Vec<f64> = times.iter().map(|times| median(times.clone())).collect();
    let best = (1..sides.len())
        .min_by(|a, b| medians[*a].total_cmp(&medians[*b]))
        .expect("a row has a plain side");
    let time_share =
        median(times[0].iter().zip(&times[best]).map(|(ours, plain)| plain / ours).collect());
    let share = time_share * row.units_of_sandbar as f64 / row.units as f64;
    let verdict = if share >= row.budget { "met" } else { "MISSED" };
    println!(
        "{:<28} {:>12.0} {:>12.0}  {:<22} {share:>6.2} {:>7.2}  {verdict}",
        row.name,
        row.units_of_sandbar as f64 / medians[0],
        row.units as f64 / medians[best],
        sides[best].name,
        row.budget
    );
    medians[0] / row.units_of_sandbar as f64 * 1e9
}
