//! The one reading of a path.
//!
//! Owns [`RequestPath`] and the forms that apps read in different ways. Must
//! not know routes.

/// A request's path in its canonical form: hex digits upper-case, unreserved
/// characters decoded (RFC 3986 6.2.2.1–2), applied once.
///
/// Forms that a proxy and an app are known to read differently never become
/// one: dot segments in any encoding, backslashes, control bytes, raw `#`, bad
/// percent-encodings (field.md R4, R5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath {
    canonical: String,
    forms: Forms,
    overlong: bool,
}

/// Forms in a path that apps read in different ways, each in any encoding
/// (contract, `route.allow_in_path`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// `;`: cut off with what follows by some, a plain character for others.
    pub semicolon: bool,
    /// `//`: one slash for some, an empty segment for others.
    pub double_slash: bool,
    /// `%2F`: a separator for some, data for others.
    pub encoded_slash: bool,
    /// `%5C`: a separator on Windows, data elsewhere.
    pub encoded_backslash: bool,
}

impl Forms {
    /// Whether all of the other forms are among these.
    #[must_use]
    pub fn cover(self, other: Self) -> bool {
        (self.semicolon || !other.semicolon)
            && (self.double_slash || !other.double_slash)
            && (self.encoded_slash || !other.encoded_slash)
            && (self.encoded_backslash || !other.encoded_backslash)
    }

    fn find(&mut self, text: &[u8]) {
        let holds = |form: &[u8]| text.windows(form.len()).any(|part| part == form);
        self.semicolon |= holds(b";");
        self.double_slash |= holds(b"//");
        self.encoded_slash |= holds(b"%2F");
        self.encoded_backslash |= holds(b"%5C") || holds(b"\\");
    }
}

/// Why a path is refused with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A control byte, raw or encoded.
    #[error("the path holds a control character")]
    Control,
    /// A raw fragment, which no client may send.
    #[error("the path holds a fragment")]
    Fragment,
    /// A raw backslash.
    #[error("the path holds a backslash")]
    Backslash,
    /// A percent sign without two hex digits.
    #[error("the path holds a broken percent-encoding")]
    PercentEncoding,
    /// `.` or `..` as a segment, in any encoding and with any parameter.
    #[error("the path holds a dot segment")]
    DotSegment,
}

impl RequestPath {
    /// Reads a path (without its query).
    ///
    /// # Errors
    /// See [`PathError`]; each is answered with 400.
    pub fn parse(path: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let path = path.as_ref();
        if path.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        let mut canonical = String::with_capacity(path.len());
        let mut bytes = path.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                0..=0x20 | 0x7f => return Err(PathError::Control),
                b'#' => return Err(PathError::Fragment),
                b'\\' => return Err(PathError::Backslash),
                b'%' => {
                    let decoded =
                        hex_pair(bytes.next(), bytes.next()).ok_or(PathError::PercentEncoding)?;
                    match decoded {
                        0..=0x1f | 0x7f => return Err(PathError::Control),
                        b if is_unreserved(b) => canonical.push(char::from(b)),
                        b => push_encoded(&mut canonical, b),
                    }
                }
                b if b == b'/' || is_pchar(b) => canonical.push(char::from(b)),
                b => push_encoded(&mut canonical, b),
            }
        }
        if has_dot_segment(&canonical) {
            return Err(PathError::DotSegment);
        }
        let (forms, overlong) = forms(&canonical);
        Ok(Self {
            canonical,
            forms,
            overlong,
        })
    }

    /// The canonical form: matched, and sent when any route has a path.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Whether it holds `;`, `//`, `%2F`, `%5C`, a double encoding of one of
    /// them, or an overlong UTF-8 form, which apps read in different ways.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.overlong || self.forms != Forms::default()
    }

    /// Whether these forms explain why it is ambiguous; overlong ones nothing does.
    #[must_use]
    pub fn is_allowed_by(&self, allowed: Forms) -> bool {
        !self.overlong && allowed.cover(self.forms)
    }

    /// The path as it is matched where it is ambiguous: `;…` is ignored, and
    /// only a plain slash separates.
    #[must_use]
    pub fn matched(&self) -> String {
        let plain = without_parameters(self.canonical.as_bytes());
        // Only whole segments' ends were cut off, at ASCII bytes.
        String::from_utf8_lossy(&plain).into_owned()
    }

    /// What apps of other habits may take it for: decoded never, once or twice
    /// more, backslashes turned, parameters cut off, slashes merged.
    pub fn sloppy_readings(&self) -> impl Iterator<Item = String> {
        std::iter::once(sloppy(self.canonical.as_bytes(), Percent::Encodes))
            .chain(self.decoded_readings())
    }

    /// What an app may take it for that decodes it once, or twice: a colon for
    /// `%3A`, say, which to us are two paths (RFC 3986 2.2); and where that shows
    /// a `?` or `#`, what stands before it, for apps that cut there after it.
    /// None if nothing in it is encoded.
    pub fn decoded_readings(&self) -> impl Iterator<Item = String> {
        let encoded = self.canonical.contains('%');
        let first = encoded.then(|| decode_once(self.canonical.as_bytes()));
        std::iter::successors(first, |text: &Vec<u8>| Some(decode_once(text)))
            .take(2)
            .flat_map(|text| {
                let end = text.iter().position(|b| matches!(b, b'?' | b'#'));
                let cut = end.and_then(|end| text.get(..end));
                let cut = cut.map(|path| sloppy(path, Percent::Plain));
                std::iter::once(sloppy(&text, Percent::Plain)).chain(cut)
            })
    }
}

fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

fn push_encoded(text: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    text.push('%');
    for nibble in [byte >> 4, byte & 0xf] {
        text.push(HEX.get(usize::from(nibble)).copied().unwrap_or('0'));
    }
}

pub(super) fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 3.3, without percent-encodings.
fn is_pchar(b: u8) -> bool {
    is_unreserved(b)
        || matches!(
            b,
            b'!' | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

/// Decoded once more, and once more again, as a sloppy app would: is any
/// segment a dot segment? Slashes and backslashes of any encoding separate,
/// and what a `;`, `?` or `#` begins is cut off, since some apps do all of that.
fn has_dot_segment(canonical: &str) -> bool {
    if !canonical.contains('.') && !canonical.contains("%25") {
        return false;
    }
    let mut text = canonical.as_bytes().to_vec();
    for _ in 0..3 {
        let dotted = text.split(|b| matches!(b, b'/' | b'\\')).any(|segment| {
            let mut cut = segment.split(|b| matches!(b, b';' | b'?' | b'#'));
            let name = cut.next().unwrap_or_default();
            matches!(name, b"." | b"..")
        });
        if dotted {
            return true;
        }
        text = decode_once(&text);
    }
    false
}

/// Which forms a path holds, as it stands or decoded once or twice more; and
/// whether it holds an overlong one.
fn forms(canonical: &str) -> (Forms, bool) {
    let mut forms = Forms::default();
    forms.find(canonical.as_bytes());
    if !canonical.contains('%') {
        return (forms, false);
    }
    let mut overlong = is_overlong(canonical);
    if ["%25", "%3B", "%2F", "%5C"]
        .iter()
        .any(|hidden| canonical.contains(hidden))
    {
        let once = decode_once(canonical.as_bytes()).to_ascii_uppercase();
        forms.find(&once);
        forms.find(&decode_once(&once));
        overlong |= canonical.contains("%25") && is_overlong(&String::from_utf8_lossy(&once));
    }
    (forms, overlong)
}

/// Old decoders take %C0%AE for a dot (RFC 3629 3 forbids such forms).
fn is_overlong(text: &str) -> bool {
    let begins = |lead: &str, next: &[char]| {
        let mut after = text.split(lead).skip(1);
        after.any(|rest| rest.starts_with(next))
    };
    text.contains("%C0")
        || text.contains("%C1")
        || begins("%E0%", &['8', '9'])
        || begins("%F0%", &['8'])
}

/// Each segment without its `;parameters` (RFC 3986 3.3).
fn without_parameters(path: &[u8]) -> Vec<u8> {
    path.split(|b| *b == b'/')
        .map(|segment| segment.split(|b| *b == b';').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(&b'/')
}

/// What a percent sign in a text stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Percent {
    /// The byte that two digits behind it name.
    Encodes,
    /// Itself: the text has been decoded.
    Plain,
}

/// Backslashes turned, parameters cut off, slashes merged; spelled as patterns are.
fn sloppy(path: &[u8], percent: Percent) -> String {
    let turned: Vec<u8> = path
        .iter()
        .map(|b| if *b == b'\\' { b'/' } else { *b })
        .collect();
    let mut text = String::with_capacity(turned.len());
    for byte in without_parameters(&turned) {
        match byte {
            b'/' if text.ends_with('/') => {}
            b'%' if percent == Percent::Encodes => text.push('%'),
            b if b == b'/' || is_pchar(b) => text.push(char::from(b)),
            b => push_encoded(&mut text, b),
        }
    }
    text
}

pub(in crate::gate) fn decode_once(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%'
            && let Some(byte) = hex_pair(tail.first().copied(), tail.get(1).copied())
        {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    out
}
