//! A signed token in its three parts (RFC 7515 7.1), from its text or from the
//! bytes that the text stands for.
//!
//! Owns the cutting, and that both ways lead to the same: encoding is strict and
//! has one form, so parts that are bytes have one text, and it is that text
//! whose signature is checked. Must not know what the parts say.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{TOKEN_MAX, TokenError, decode};

/// A signed token, nothing of it verified. No Debug.
pub(in crate::gate) struct Compact<'t>(Form<'t>);

enum Form<'t> {
    Text(&'t str),
    Parts([&'t [u8]; 3]),
}

/// The same, cut; each part is decoded when it is looked at, so that the first
/// fault in the order of the checks is the one that is told.
pub(super) struct Cut<'t> {
    /// Header and payload as they were signed.
    pub(super) signed: Cow<'t, str>,
    parts: Parts<'t>,
}

enum Parts<'t> {
    Text([&'t str; 3]),
    Bytes([&'t [u8]; 3]),
}

impl<'t> Compact<'t> {
    /// From its text.
    pub(in crate::gate) fn of_text(text: &'t str) -> Self {
        Self(Form::Text(text))
    }

    /// From what header, payload and signature decode to.
    pub(in crate::gate) fn of_parts(
        header: &'t [u8],
        payload: &'t [u8],
        signature: &'t [u8],
    ) -> Self {
        Self(Form::Parts([header, payload, signature]))
    }

    /// Cuts it into its parts.
    ///
    /// # Errors
    /// [`TokenError::TooLong`], and [`TokenError::Malformed`] if there are not three.
    pub(super) fn cut(&self) -> Result<Cut<'t>, TokenError> {
        match self.0 {
            Form::Text(text) => {
                if text.len() > TOKEN_MAX {
                    return Err(TokenError::TooLong);
                }
                let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
                let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
                Ok(Cut {
                    signed: Cow::Borrowed(signed),
                    parts: Parts::Text([header, payload, signature]),
                })
            }
            Form::Parts(parts @ [header, payload, signature]) => {
                let signed = encoded(header) + 1 + encoded(payload);
                if signed + 1 + encoded(signature) > TOKEN_MAX {
                    return Err(TokenError::TooLong);
                }
                let mut text = String::with_capacity(signed);
                URL_SAFE_NO_PAD.encode_string(header, &mut text);
                text.push('.');
                URL_SAFE_NO_PAD.encode_string(payload, &mut text);
                Ok(Cut {
                    signed: Cow::Owned(text),
                    parts: Parts::Bytes(parts),
                })
            }
        }
    }
}

impl<'t> Cut<'t> {
    /// The decoded header.
    pub(super) fn header(&self) -> Result<Cow<'t, [u8]>, TokenError> {
        self.part(|[header, _, _]| header, |[header, _, _]| header)
    }

    /// The decoded payload.
    pub(super) fn payload(&self) -> Result<Cow<'t, [u8]>, TokenError> {
        self.part(|[_, payload, _]| payload, |[_, payload, _]| payload)
    }

    /// The decoded signature.
    pub(super) fn signature(&self) -> Result<Cow<'t, [u8]>, TokenError> {
        self.part(|[_, _, signature]| signature, |[_, _, signature]| signature)
    }

    fn part(
        &self,
        text: impl Fn([&'t str; 3]) -> &'t str,
        bytes: impl Fn([&'t [u8]; 3]) -> &'t [u8],
    ) -> Result<Cow<'t, [u8]>, TokenError> {
        match self.parts {
            Parts::Text(parts) => decode(text(parts)).map(Cow::Owned),
            Parts::Bytes(parts) => Ok(Cow::Borrowed(bytes(parts))),
        }
    }
}

/// Characters of so many bytes.
fn encoded(part: &[u8]) -> usize {
    (part.len() * 4).div_ceil(3)
}
