//! Colours, and whether they can be told apart (WCAG 2.2, 1.4.3 and 1.4.11).

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// No colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no colour such as \"#1f5fbf\"")]
pub struct ColourError;

/// What is written on a button, whichever is told apart better.
const WHITE: Colour = Colour([255, 255, 255]);
const BLACK: Colour = Colour([0, 0, 0]);
/// The card on which a button stands, as the style sheet has it.
pub const CARD: Colour = WHITE;
/// The same in the dark.
pub const DARK_CARD: Colour = Colour([0x1d, 0x23, 0x2b]);
/// Least contrast of a control to what is around it (WCAG 2.2, 1.4.11).
pub const CONTROL_MIN: f64 = 3.0;
/// Least contrast of text (WCAG 2.2, 1.4.3).
const TEXT_MIN: f64 = 4.5;

impl Colour {
    /// Reads `#rrggbb`, and nothing else: what stands in a style sheet is
    /// written by us.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, ColourError> {
        let digits = text.strip_prefix('#').ok_or(ColourError)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ColourError);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| ColourError)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// From 1 to 21 (WCAG 2.2, contrast ratio).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// What is readable on it: of white and black one always has 4.5 at least.
    #[must_use]
    pub fn text_on(self) -> Self {
        match self.contrast(WHITE) >= self.contrast(BLACK) {
            true => WHITE,
            false => BLACK,
        }
    }

    /// The same, lightened until it is told apart from a dark card.
    #[must_use]
    pub fn for_dark(self) -> Self {
        let mut colour = self;
        while colour.contrast(DARK_CARD) < TEXT_MIN && colour != WHITE {
            colour = Self(
                colour
                    .0
                    .map(|part| part.saturating_add((255 - part) / 8 + 1)),
            );
        }
        colour
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            match part <= 0.040_45 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(Colour::parse("#1F5fbf").unwrap().to_string(), "#1f5fbf");
        for text in [
            "",
            "#",
            "1f5fbf",
            "#fff",
            "#1f5fbff",
            "#1f5fb",
            "#1f5fbg",
            "red",
            "#+f5fbf",
            "#1f5fbf;}",
            "#é5fb",
            "url(x)",
        ] {
            assert_eq!(Colour::parse(text), Err(ColourError), "{text}");
        }
    }

    #[test]
    fn contrasts_are_those_of_wcag() {
        let black = Colour::parse("#000000").unwrap();
        assert!((black.contrast(WHITE) - 21.0).abs() < 0.001);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 0.001);
        let grey = Colour::parse("#767676").unwrap();
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn whatever_the_accent_its_text_and_its_dark_form_can_be_read() {
        for red in (0..=255).step_by(17) {
            for green in (0..=255).step_by(17) {
                for blue in (0..=255).step_by(17) {
                    let colour = Colour([red, green, blue]);
                    assert!(colour.contrast(colour.text_on()) >= TEXT_MIN, "{colour}");
                    let dark = colour.for_dark();
                    assert!(dark.contrast(DARK_CARD) >= TEXT_MIN, "{colour} {dark}");
                }
            }
        }
    }
}
