//! The languages of our pages, and which of them somebody wants.
//!
//! Owns the reading of `Accept-Language` (RFC 9110 12.5.4). Must not know what
//! is said in any of them.

use http::{HeaderMap, header};

/// A language that our pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// The one that is taken where nobody says otherwise.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Danish.
    Danish,
}

/// Most ranges of one request that are looked at; browsers send up to ten.
const RANGES_MAX: usize = 32;

impl Language {
    /// All of them, the fall-back first.
    pub const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Danish,
    ];

    /// Its tag (RFC 5646), as `<html lang>` and `Content-Language` have it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Danish => "da",
        }
    }

    /// The one of a tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.tag() == tag)
    }

    /// The language that a request prefers of ours: of its ranges the one of the
    /// highest weight, of equal ones the first. `de-CH` asks for German as `de`
    /// does (lookup, RFC 4647 3.4), `*` for the fall-back, or what is not ruled
    /// out. What cannot be read counts for nothing; so does the whole header
    /// where it leaves no language of ours.
    #[must_use]
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .take(RANGES_MAX)
            .filter_map(Range::parse);
        let ranges: Vec<Range> = ranges.collect();
        let ruled_out = |language: Self| {
            let mut of_it = ranges.iter().filter(|range| range.asks == Some(language));
            of_it.clone().next().is_some() && of_it.all(|range| range.weight == 0)
        };
        let mut best: Option<(u16, Self)> = None;
        for range in ranges.iter().filter(|range| range.weight > 0) {
            let language = match range.asks {
                Some(language) => Some(language),
                None => Self::ALL.into_iter().find(|one| !ruled_out(*one)),
            };
            if let Some(language) = language
                && best.is_none_or(|(weight, _)| range.weight > weight)
            {
                best = Some((range.weight, language));
            }
        }
        best.map(|(_, language)| language).unwrap_or_default()
    }
}

/// One range of the header that is about us: a language of ours, or any.
struct Range {
    asks: Option<Language>,
    /// In thousandths.
    weight: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (range, weight) = match text.split_once(';') {
            Some((range, parameter)) => (range, weight(parameter)?),
            None => (text, 1000),
        };
        let range = range.trim().to_ascii_lowercase();
        let primary = range.split('-').next().unwrap_or_default();
        let asks = match range.as_str() {
            "*" => None,
            _ => Some(Language::of_tag(primary)?),
        };
        Some(Self { asks, weight })
    }
}

/// `q=0.8` in thousandths (RFC 9110 12.4.2); `None` if it is no weight.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if !digits || fraction.len() > 3 {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
