//! What came of the mutants, as Markdown.

use crate::judge::Fate;
use crate::mutant::Mutant;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

/// How many mutants of a room came to what.
#[derive(Clone, Copy, Default)]
struct Sum {
    all: usize,
    sweep: usize,
    hang: usize,
    stories: usize,
    files: usize,
    survived: usize,
    no_effect: usize,
}

impl Sum {
    fn add(&mut self, fate: &Fate) {
        self.all += 1;
        *(match fate {
            Fate::Sweep(_) => &mut self.sweep,
            Fate::Hang => &mut self.hang,
            Fate::Stories(_) => &mut self.stories,
            Fate::Files(_) => &mut self.files,
            Fate::Survived(_) => &mut self.survived,
            Fate::NoEffect => &mut self.no_effect,
        }) += 1;
    }

    /// The cells of its row.
    fn row(&self, name: &str) -> String {
        let with_effect = self.all - self.no_effect;
        let share = ((self.sweep + self.hang) * 100).checked_div(with_effect).unwrap_or(0);
        format!(
            "| {name} | {} | {with_effect} | {} | {} | {share} % | {} | {} | {} |\n",
            self.all, self.sweep, self.hang, self.stories, self.files, self.survived
        )
    }
}

/// Sums by room, then every mutant; of one that no sweep notices, why, if its file says so.
pub(crate) fn markdown(judged: &[(&Mutant, Fate)], seeds: &Range<u64>) -> String {
    let mut text = String::from("# Mutants\n\n");
    let range = format!("{}..{}", seeds.start, seeds.end);
    _ = writeln!(
        text,
        "Small mistakes put into the engine one at a time (`mutants/`, and HACKING.md), and who notices: a sweep of the seeds\n\
         {range} first, by these checks or by an assertion of the engine; then all stories of `sim/`, with their expectations; of\n\
         the room `store` at last what stories leave in files. A sweep that comes to no end is noticed, too. A mutant has an\n\
         effect if the digest of any world of the sweep or of a story is another one with it, or what is in the files.\n\n\
         Made by `cargo run --release --example mutants -- --seeds {range} --output docs/mutants.md`.\n"
    );
    text.push_str("| room | mutants | with effect | sweep | hang | of those with effect | stories | files | survived |\n");
    text.push_str("|---|---|---|---|---|---|---|---|---|\n");
    let mut rooms: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut total = Sum::default();
    for (mutant, fate) in judged {
        rooms.entry(&mutant.room).or_default().add(fate);
        total.add(fate);
    }
    rooms.iter().for_each(|(room, sum)| text.push_str(&sum.row(room)));
    text.push_str(&total.row("all"));
    text.push_str("\n| mutant | room | what | noticed by |\n|---|---|---|---|\n");
    for (mutant, fate) in judged {
        let Mutant { name, room, what, because, .. } = mutant;
        let is_noticed = matches!(fate, Fate::Sweep(_) | Fate::Hang);
        let because = because.as_ref().filter(|_| !is_noticed);
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        _ = writeln!(text, "| `{name}` | {room} | {what} | {fate}{because} |");
    }
    text
}
