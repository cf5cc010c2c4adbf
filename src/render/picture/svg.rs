//! The scene as SVG, in light and dark.

use super::page::Scene;
use super::scene::{Anchor, Form, Layer, Length, Place, Shape};
use std::fmt::Write;

/// Everything that shapes of a class look like. Colours are variables, which the reader's preference decides.
const STYLE: &str = "\
svg{--bg:#fff;--ink:#1f2328;--soft:#5f6873;--rule:#d5d9de;--life:#7d8590;--rec:#8a929c;--c0:#0072b2;--c1:#b36200;--c2:#6a1b6e;--done:#00736a;--bad:#c8102e;--panel:#f6f7f8;background:var(--bg)}
@media (prefers-color-scheme:dark){svg{--bg:#14181d;--ink:#e6e9ed;--soft:#9aa3ae;--rule:#333b45;--life:#8b949f;--rec:#6f7985;--c0:#56b4e9;--c1:#e69f00;--c2:#a569ff;--done:#2fb795;--bad:#ff6b6b;--panel:#1c2229}}
text{font-family:Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif;font-size:11px;fill:var(--soft);paint-order:stroke;stroke:var(--bg);stroke-width:3px;stroke-linejoin:round}
.title{font-size:17px;font-weight:600;fill:var(--ink)}.head{font-size:13px;font-weight:600;fill:var(--ink)}.about{font-size:12px}.name{font-size:12px;fill:var(--ink)}.ink{fill:var(--ink)}.bold{fill:var(--ink);font-weight:600}.held{fill:var(--done);font-weight:600}.broken{fill:var(--bad)}.pill{font-size:10px;font-weight:700;fill:var(--bg);stroke:none}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.x{--c:var(--bad)}.m{--c:var(--soft)}
path,line,polyline,rect,circle{fill:none}
.ground-all{fill:var(--bg)}.panel{fill:var(--panel)}.grid{stroke:var(--rule);stroke-width:.75}.lane{stroke:var(--rule);stroke-width:.75;stroke-dasharray:1 4}.coordinator{stroke:var(--rule)}.bracket{stroke:var(--rule)}
.band{fill:var(--life);opacity:.28}.undone{fill:url(#undone)}.tint{fill:var(--c);opacity:.08}.cut{stroke:var(--c);stroke-width:8;opacity:.3;stroke-linejoin:round}.cut.off{stroke-width:3;stroke-dasharray:3 3;opacity:.6}
.life{stroke:var(--life);stroke-width:2}.deploying{stroke:var(--life);stroke-width:1.5;stroke-dasharray:2 3}.zombie{stroke:var(--life);stroke-width:1.5;stroke-dasharray:7 3 1.5 3}.hair{stroke-width:1}.end{stroke:var(--life);stroke-width:2}.end.failed{stroke:var(--ink)}
.ribbon{fill:var(--c);opacity:.85}.ribbon.soft{opacity:.4}.ribbon.off{opacity:1;fill:none;stroke:var(--c);stroke-dasharray:2 2}
.bar{fill:var(--c);fill-opacity:.22;stroke:var(--c)}.bar.off{fill:none;stroke-dasharray:3 2}.solid{fill:var(--c)}.solid.off{fill:var(--bg);stroke:var(--c);stroke-dasharray:2 1.5}.acked{stroke:var(--c);stroke-width:1.5}
.hatched{stroke:var(--c);stroke-width:.9}.hatched.c0{fill:url(#hatch0)}.hatched.c1{fill:url(#hatch1)}.hatched.c2{fill:url(#hatch2)}.open{stroke:var(--life);stroke-dasharray:2 2}
.ground{stroke:var(--bg);stroke-width:4.5}.barrier{stroke:var(--c);stroke-width:2.25}.head.barrier{fill:var(--c);stroke:none}.barrier.early{opacity:.22;stroke-width:1.25}.late{stroke:var(--c);opacity:.8}.barrier.decisive{stroke:var(--ink);stroke-width:2.4}.head.barrier.decisive{fill:var(--ink);stroke:none}.aligning{fill:var(--c);opacity:.28}
.trigger{stroke:var(--c);stroke-width:1.5;stroke-dasharray:1.5 2.5}.ack{stroke:var(--c);stroke-dasharray:5 3;opacity:.55}.stray{stroke:var(--c);stroke-width:1.25;stroke-dasharray:1.5 3}.notify{stroke:var(--c);stroke-width:1.25}.carried{stroke:var(--c);stroke-width:1.1;stroke-dasharray:1.5 3}
.record{stroke:var(--rec);stroke-width:.8;opacity:.62}.record.dot{fill:var(--rec);stroke:none;opacity:1}.crossing{stroke:var(--c);stroke-width:1.4;stroke-dasharray:7 2}.crossing.dot{fill:var(--c);stroke:none}
.upload{stroke:var(--c);stroke-width:5;opacity:.38}.snapshot{fill:var(--c);stroke:var(--bg)}.hollow{fill:var(--bg);stroke:var(--c);stroke-width:1.75}.hollow.thin{stroke-width:1.25;stroke-dasharray:2.5 1.5}.notified{fill:var(--bg);stroke:var(--c)}
.saved{fill:var(--c)}.put-back{fill:var(--bg);stroke:var(--c)}.tick{stroke:var(--bg);stroke-width:2;stroke-linecap:round}.thin-cross{stroke:var(--c);stroke-width:1.5}
.flag{fill:var(--c);stroke:var(--c)}.flag.none{fill:var(--bg)}.fault-ground{stroke:var(--bg);stroke-width:6}.fault{stroke:var(--ink);stroke-width:3}.small-cross{stroke:var(--ink);stroke-width:1.75}.violation{stroke:var(--bad);stroke-width:3}
.story{fill:var(--ink)}.story-line{stroke:var(--ink);stroke-dasharray:1 3}.attempt{stroke:var(--ink);stroke-width:1.5}.zigzag{stroke:var(--soft)}.edge{stroke:var(--rule)}
.step{fill:var(--bg);stroke:var(--ink);stroke-width:1.4}.step.x{stroke:var(--bad)}.leader{stroke:var(--ink);stroke-width:.8}.letter{font-weight:700;fill:var(--ink)}.letter.x{fill:var(--bad)}
.waits{stroke:var(--life)}.writes{fill:var(--c);opacity:.55}.acking{stroke:var(--c);stroke-width:1.25}.drawn{stroke:var(--ink);stroke-width:1.75}.outlined{stroke:var(--ink);stroke-width:1.75}.done-tick{stroke:var(--c);stroke-width:2.5}";

/// The hatchings, which no style can make.
const PATTERNS: &str = "<defs>\
<pattern id=\"hatch0\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path d=\"M0 0V5\" style=\"stroke:var(--c0);stroke-width:2\"/></pattern>\
<pattern id=\"hatch1\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path d=\"M0 0V5\" style=\"stroke:var(--c1);stroke-width:2\"/></pattern>\
<pattern id=\"hatch2\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path d=\"M0 0V5\" style=\"stroke:var(--c2);stroke-width:2\"/></pattern>\
<pattern id=\"undone\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path d=\"M0 0V8\" style=\"stroke:var(--soft);opacity:.35\"/></pattern></defs>";

/// The layers and what their groups are called.
const LAYERS: [(Layer, &str); 6] = [
    (Layer::Tint, "tint"),
    (Layer::Grid, "grid"),
    (Layer::Life, "life"),
    (Layer::Flow, "flow"),
    (Layer::Marks, "marks"),
    (Layer::Words, "words"),
];

/// A picture as the text of an SVG file.
pub fn svg(scene: &Scene) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
         <style>{STYLE}</style>\n{PATTERNS}\n<rect class=\"ground-all\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&scene.title),
        escaped(&scene.sentences.join(" "))
    );
    for (layer, id) in LAYERS {
        let shapes = scene.sheet.shapes.iter().filter(|shape| shape.layer == layer);
        let shapes: String = shapes.map(element).collect();
        if !shapes.is_empty() {
            write!(text, "<g id=\"{id}\">\n{shapes}</g>\n").expect("a string takes everything");
        }
    }
    text.push_str("</svg>\n");
    text
}

fn element(shape: &Shape) -> String {
    let mut attributes = String::new();
    if !shape.class.is_empty() {
        attributes.push_str(&format!(" class=\"{}\"", shape.class));
    }
    if !shape.entries.is_empty() {
        let entries: Vec<String> = shape.entries.iter().map(ToString::to_string).collect();
        attributes.push_str(&format!(" data-e=\"{}\"", entries.join(",")));
    }
    let (name, place, content) = spelled(&shape.form);
    let tip = match shape.tip.as_str() {
        "" => String::new(),
        tip => format!("<title>{}</title>", escaped(tip)),
    };
    if tip.is_empty() && content.is_empty() {
        return format!("<{name}{attributes}{place}/>\n");
    }
    format!("<{name}{attributes}{place}>{content}{tip}</{name}>\n")
}

/// The name of an element, the attributes that place it, and what is in it.
fn spelled(form: &Form) -> (&'static str, String, String) {
    match form {
        Form::Lines { lines, is_closed } => {
            let path: String = lines.iter().map(|line| polygon(line, *is_closed)).collect();
            ("path", format!(" d=\"{path}\""), String::new())
        }
        Form::Curve(places) => ("path", format!(" d=\"{}\"", curve(places)), String::new()),
        Form::Rectangle { left, top, width, height, round } => {
            let [x, y, width, height] = [*left, *top, *width, *height].map(number);
            let round = match round {
                0 => String::new(),
                round => format!(" rx=\"{}\"", number(*round)),
            };
            let place =
                format!(" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{round}");
            ("rect", place, String::new())
        }
        Form::Disc { centre: (x, y), radius } => {
            let [x, y, radius] = [*x, *y, *radius].map(number);
            ("circle", format!(" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\""), String::new())
        }
        Form::Text { at: (x, y), anchor, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let place = format!(" x=\"{}\" y=\"{}\"{anchor}", number(*x), number(*y));
            ("text", place, escaped(text))
        }
    }
}

fn polygon(places: &[Place], is_closed: bool) -> String {
    let mut path = String::new();
    for ((x, y), letter) in places.iter().zip(std::iter::once('M').chain(std::iter::repeat('L'))) {
        path.push_str(&format!("{letter}{} {}", number(*x), number(*y)));
    }
    if is_closed {
        path.push('Z');
    }
    path
}

fn curve(places: &[Place]) -> String {
    let spelled = |(x, y): &Place| format!("{} {}", number(*x), number(*y));
    let Some((first, rest)) = places.split_first() else { return String::new() };
    let mut path = format!("M{}", spelled(first));
    for piece in rest.chunks(3) {
        let piece: Vec<String> = piece.iter().map(spelled).collect();
        path.push_str(&format!("C{}", piece.join(" ")));
    }
    path
}

/// A length in pixels, with one decimal at most.
fn number(tenths: Length) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.abs() / 10, tenths.abs() % 10);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// Text as XML has it. What no XML may hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_have_one_decimal_and_text_is_escaped() {
        assert_eq!([0, 10, 11, -5, -20].map(number), ["0", "1", "1.1", "-0.5", "-2"]);
        assert_eq!(escaped("a<b> & \"c\"\u{1}\n"), "a&lt;b&gt; &amp; &quot;c&quot; ");
        assert_eq!(polygon(&[(0, 0), (15, 20)], true), "M0 0L1.5 2Z");
    }
}
