//! Regular expressions of paths as patterns of ours, which open no more than they do.

use crate::gate::route::PathPattern;

/// How many patterns one expression may become.
const AT_MOST: usize = 32;

/// What a regular expression opens, as a pattern of ours.
pub(super) struct Opened {
    pub(super) pattern: String,
    /// The path that the pattern covers, and the regular expression does not.
    pub(super) but_not: Option<String>,
    /// Whether the regular expression opens what only begins with it, too.
    pub(super) is_narrower: bool,
}

/// Patterns of ours that together open no more than the regular expression does, and of its plain
/// alternatives each; `None` if there are none.
pub(super) fn opened(regex: &str) -> Option<Vec<Opened>> {
    let all = alternatives(regex)?;
    let all: Option<Vec<Opened>> = all.iter().map(|one| opened_one(one)).collect();
    all.filter(|all| all.iter().all(|one| is_pattern(&one.pattern)))
}

/// Whether a route may have it: no empty segment, no dot segment, one spelling.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let is_all = pattern == "/*";
    !is_all && PathPattern::parse(pattern).is_ok()
}

/// `^/(a|b)$` as `^/a$` and `^/b$`: groups side by side, none within another, none repeated.
fn alternatives(regex: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut rest = regex;
    while let Some((before, after)) = split_at_group(rest)? {
        let (group, after) = after.split_once(')')?;
        let group = group.strip_prefix("?:").unwrap_or(group);
        // A sign of repetition would be the group's, not the last character's; and what is escaped
        // neither ends the group nor an alternative.
        if group.contains(['(', '[', '?', '*', '+', '{', '^', '$'])
            || group.contains("\\|")
            || group.ends_with('\\')
            || after.starts_with(['?', '*', '+', '{'])
        {
            return None;
        }
        let longer = |start: &String| {
            let start = format!("{start}{before}");
            group.split('|').map(move |one| format!("{start}{one}"))
        };
        all = all.iter().flat_map(longer).collect();
        if all.len() > AT_MOST {
            return None;
        }
        rest = after;
    }
    Some(all.into_iter().map(|start| start + rest).collect())
}

/// What is before and after the next parenthesis that opens a group; `None` if it cannot be told.
#[expect(
    clippy::option_option,
    reason = "not to be told is another thing than not to be there"
)]
fn split_at_group(regex: &str) -> Option<Option<(&str, &str)>> {
    let Some((before, after)) = regex.split_once('(') else {
        return Some(None);
    };
    // Escaped, or in a class of characters.
    (!before.ends_with('\\') && !before.contains('[')).then_some(Some((before, after)))
}

/// The same of an expression without alternatives.
fn opened_one(regex: &str) -> Option<Opened> {
    let rest = regex.strip_prefix('^')?;
    let (rest, exact) = match rest.strip_suffix('$') {
        Some(rest) => match rest.strip_suffix(".*") {
            Some(rest) => (rest, false),
            None => (rest, true),
        },
        None => (rest.strip_suffix(".*").unwrap_or(rest), false),
    };
    // ".+" is none of it: "^/a/.+" opens /a/x and not /a/, and no two patterns say that.
    let path = literal(rest)?;
    if !path.starts_with('/') || path == "/" || path.contains("//") {
        return None;
    }
    // A slash at the end is a pattern for all below.
    if exact && path.ends_with('/') {
        return None;
    }
    if exact {
        return Some(Opened {
            pattern: path,
            but_not: None,
            is_narrower: false,
        });
    }
    // "^/assets" opens /assets2 too; here only what is below. "^/assets/" does not open /assets.
    let stem = path.trim_end_matches('/');
    Some(Opened {
        pattern: format!("{stem}/*"),
        but_not: path.ends_with('/').then(|| stem.to_owned()),
        is_narrower: !path.ends_with('/'),
    })
}

/// The text that a regular expression without operators stands for.
fn literal(regex: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c @ ('.' | '/' | '-' | '_') => text.push(c),
                _ => return None,
            },
            // One that is not escaped stands for any character; so it opens no less.
            c if c.is_ascii_alphanumeric() || "/._-~".contains(c) => text.push(c),
            _ => return None,
        }
    }
    Some(text)
}
