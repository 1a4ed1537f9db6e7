//! Strict base64url without padding (RFC 4648 5), read many characters at a time.
//!
//! A request with a session that is not remembered has thousands of them to
//! read, before anything is known of who sent it. Owns whole blocks alone: the
//! rest of a text, and whether its end is canonical, is the library's word, and
//! so a text that is read here is one that the library reads as the same bytes
//! (a test holds the two against each other). Must not know what is encoded.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Characters of a block: as many as vector registers take at a time.
const BLOCK: usize = 32;
/// Characters that become one number.
const GROUP: usize = 8;
/// Bytes of such a number, and the zeros in front of them.
const BYTES: usize = 6;
const ZEROS: usize = 2;
/// What no character stands for: each has six bits.
const NONE: u8 = 0xff;

/// The bytes that a text stands for; `None` for any other text than the one
/// that strict encoding makes of them.
#[must_use]
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // What is left to the library has an end of its own.
    let whole = text.len().saturating_sub(1) / BLOCK * BLOCK;
    let (blocks, rest) = text.split_at_checked(whole)?;
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for block in blocks.as_chunks::<BLOCK>().0 {
        decode_block(block, &mut bytes)?;
    }
    URL_SAFE_NO_PAD.decode_vec(rest, &mut bytes).ok()?;
    Some(bytes)
}

fn decode_block(block: &[u8; BLOCK], bytes: &mut Vec<u8>) -> Option<()> {
    let values = block.map(value);
    if values.iter().fold(0, |all, value| all | value) > 0x3f {
        return None;
    }
    for group in values.as_chunks::<GROUP>().0 {
        // Eight times six bits, two by two: to 12, to 24, to 48.
        let six = u64::from_be_bytes(*group);
        let twelve = (six & 0x3f00_3f00_3f00_3f00) >> 2 | six & 0x003f_003f_003f_003f;
        let twentyfour = (twelve & 0x0fff_0000_0fff_0000) >> 4 | twelve & 0x0fff_0000_0fff;
        let fortyeight = (twentyfour & 0x00ff_ffff_0000_0000) >> 8 | twentyfour & 0x00ff_ffff;
        let whole = fortyeight.to_be_bytes();
        if let Some((_, last)) = whole.split_first_chunk::<ZEROS>() {
            debug_assert_eq!(last.len(), BYTES);
            bytes.extend_from_slice(last);
        }
    }
    Some(())
}

/// The six bits of a character. Without branches or tables, so that compilers
/// make one step of many.
fn value(character: u8) -> u8 {
    let from = |first: u8, count: u8, value: u8| {
        let place = character.wrapping_sub(first);
        if place < count { place + value } else { 0 }
    };
    let letter = from(b'A', 26, 0) | from(b'a', 26, 26);
    let other = from(b'0', 10, 52) | from(b'-', 1, 62) | from(b'_', 1, 63);
    // Only `A` has the value 0.
    let value = letter | other;
    if value == 0 && character != b'A' {
        NONE
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::support::Dice;
    use super::*;

    fn agrees(text: &[u8]) {
        assert_eq!(
            decode(text),
            URL_SAFE_NO_PAD.decode(text).ok(),
            "{:?}",
            text.escape_ascii().to_string()
        );
    }

    #[test]
    fn every_length_reads_as_the_library_reads_it() {
        let mut dice = Dice::new(7);
        for length in 0..600 {
            let mut bytes = vec![0; length];
            dice.fill(&mut bytes).unwrap();
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes);
            // Cut off anywhere, and with more than there was.
            agrees(text.get(..text.len().saturating_sub(1)).unwrap().as_bytes());
            agrees(format!("{text}A").as_bytes());
            agrees(format!("{text}=").as_bytes());
        }
    }

    #[test]
    fn every_byte_at_every_place_is_taken_or_refused_as_the_library_does() {
        // Two blocks, and an end of each length.
        for length in 64..=72 {
            let text = vec![b'Q'; length];
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = text.clone();
                    text[place] = byte;
                    agrees(&text);
                }
            }
        }
    }

    #[test]
    fn texts_of_any_characters_read_as_the_library_reads_them() {
        let mut dice = Dice::new(8);
        let alphabet: Vec<u8> = (0..=255).collect();
        let near = b"ABCXYZabcxyz0189-_+/=. ~@[`{";
        for _ in 0..20_000 {
            let length = dice.below(100);
            let text: Vec<u8> = (0..length).map(|_| *dice.pick(near)).collect();
            agrees(&text);
            let text: Vec<u8> = (0..length).map(|_| *dice.pick(&alphabet)).collect();
            agrees(&text);
        }
    }
}
