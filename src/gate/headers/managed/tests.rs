//! The quick look agrees with the plain reading.

use super::*;
use crate::gate::tests::support::Dice;

/// The definition, word for word.
fn plainly(name: &str, others: &[&str]) -> bool {
    let normal = normalised(name);
    MANAGED.contains(&normal.as_str())
        || MANAGED_PREFIXES
            .iter()
            .any(|prefix| normal.starts_with(prefix))
        || (FRAMING.contains(&normal.as_str()) && !normal.eq_ignore_ascii_case(name))
        || others.contains(&normal.as_str())
}

#[test]
fn the_quick_look_agrees_with_the_definition_for_names_near_and_far() {
    let others = ["authorization", "x-company-user", "-odd", "7up"];
    let managed = Managed::new(others.iter().map(|name| (*name).to_owned()));
    let near: Vec<&str> = [MANAGED, MANAGED_PREFIXES, FRAMING, &others].concat();
    let bytes: Vec<char> = "!#$%&'*+-.^_`|~aZ09x".chars().collect();
    let mut dice = Dice::new(8);
    let mut found = 0;
    for _ in 0..50_000 {
        let mut name: String = match dice.below(3) {
            0 => String::new(),
            _ => (*dice.pick(&near)).to_owned(),
        };
        for _ in 0..dice.below(4) {
            match dice.below(3) {
                0 => name.push(*dice.pick(&bytes)),
                1 => name.insert(0, *dice.pick(&bytes)),
                _ => name = name.replacen('-', &dice.pick(&bytes).to_string(), 1),
            }
        }
        let expected = plainly(&name, &others);
        found += usize::from(expected);
        assert_eq!(managed.holds(&name), expected, "{name:?}");
    }
    assert!((10_000..45_000).contains(&found), "both are seen: {found}");
}
