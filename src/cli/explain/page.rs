//! The page of all messages, docs/errors.md.

use super::table::{Message, Table};

const HEAD: &str = "# Messages of Flink

What a message of Flink means, which rule of Sandbar is behind it, which story shows it, and the way out. `sandbar explain-error TEXT` finds
the entry for a message, or for every cause in a stack trace, ids, paths and times and all. `…` stands for what differs each time.

This page is made from the table of that command; `sandbar rules` tells what a rule says in each release.
";

/// The page, as Markdown.
pub(super) fn page(table: &Table) -> String {
    let mut text = HEAD.to_owned();
    for topic in &table.topics {
        text.push_str(&format!("\n## {}\n", topic.title));
        for message in &topic.messages {
            text.push('\n');
            text.push_str(&entry(message));
        }
    }
    text
}

fn entry(message: &Message) -> String {
    let says: Vec<String> =
        message.says.iter().map(|spelling| format!("> {}\n", code(spelling))).collect();
    let mut text = says.join(">\n");
    text.push_str(&format!("\n{}\n\n", message.means));
    text.push_str(&format!("- Way out: {}\n", message.way_out));
    if !message.rules.is_empty() {
        let rules: Vec<String> = message.rules.iter().map(|rule| format!("`{rule}`")).collect();
        text.push_str(&format!("- Rules: {}\n", rules.join(", ")));
    }
    let story = |story: &String| {
        let name = story.strip_prefix("sim/").unwrap_or(story);
        format!("[`{name}`](../{story})")
    };
    let stories: Vec<String> = message.shown_by.iter().map(story).collect();
    text.push_str(&format!("- Stories: {}\n", stories.join(", ")));
    text
}

/// As code, whatever backticks it has in it.
fn code(text: &str) -> String {
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}
