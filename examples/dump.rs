use sandbar::{kernel::*, scenario::*};
fn main() {
    for a in std::env::args().skip(1) {
        let s = Scenario::draw(&Choices::new(a.parse().unwrap()), &Profile::default());
        println!("{}", s.to_text());
    }
}
