//! Fields of the sealed formats.

use super::support::Dice;
use crate::gate::wire::{Reader, WireError, Writer};

fn token_through(token: Option<&str>) -> (Option<String>, usize) {
    let mut out = Writer::new(9);
    out.token(token);
    let bytes = out.finish();
    let mut input = Reader::new(&bytes, 9).unwrap();
    let read = input.token().unwrap().map(|token| token.text().to_string());
    input.finish().unwrap();
    (read, bytes.len())
}

#[test]
fn fields_read_as_they_were_written() {
    let mut out = Writer::new(3);
    out.u8(200);
    out.u32(u32::MAX - 1);
    out.u64(u64::MAX - 2);
    out.bytes(b"");
    out.bytes(&[255; 300]);
    out.bytes("é".as_bytes());
    out.raw(&[1, 2, 3]);
    let bytes = out.finish();
    let mut input = Reader::new(&bytes, 3).unwrap();
    assert_eq!(input.u8(), Ok(200));
    assert_eq!(input.u32(), Ok(u32::MAX - 1));
    assert_eq!(input.u64(), Ok(u64::MAX - 2));
    assert_eq!(input.bytes(), Ok(&b""[..]));
    assert_eq!(input.bytes(), Ok(&[255; 300][..]));
    assert_eq!(input.text(), Ok("é"));
    assert_eq!(input.array(), Ok([1, 2, 3]));
    assert_eq!(input.u8(), Err(WireError));
    input.finish().unwrap();
}

#[test]
fn another_format_and_leftovers_refuse() {
    assert!(Reader::new(&[], 1).is_err());
    assert!(Reader::new(&[2], 1).is_err());
    assert!(Reader::new(&[1, 0], 1).unwrap().finish().is_err());
    assert_eq!(
        Reader::new(&[1, 0, 2, 0], 1).unwrap().bytes(),
        Err(WireError)
    );
    assert_eq!(
        Reader::new(&[1, 0, 1, 0xff], 1).unwrap().text(),
        Err(WireError)
    );
}

#[test]
fn any_token_comes_through_exactly() {
    let many = vec!["ab"; 255].join(".");
    let too_many = vec!["ab"; 256].join(".");
    for token in [
        "",
        ".",
        "..",
        "a",
        "abcd",
        "abcd.efgh",
        "abcd.efgh.ijkl",
        ".abcd",
        "abcd.",
        "a.b.c",
        "ab.cd.ef",
        "ab==.cd",
        "a+b/.cdef",
        "abcd efgh",
        "é.é",
        "AB.AC",
        &many,
        &too_many,
    ] {
        assert_eq!(token_through(Some(token)).0.as_deref(), Some(token));
    }
    assert_eq!(token_through(None).0, None);
    let mut dice = Dice::new(1);
    let alphabet: Vec<char> = "abcXYZ019-_.=+/ é".chars().collect();
    for _ in 0..20_000 {
        let token: String = (0..dice.below(24)).map(|_| *dice.pick(&alphabet)).collect();
        assert_eq!(token_through(Some(&token)).0, Some(token));
    }
}

#[test]
fn a_jwt_is_kept_as_bytes() {
    let jwt = format!("{0}.{0}.{0}", "abcd".repeat(100));
    let (read, length) = token_through(Some(&jwt));
    assert_eq!(read, Some(jwt));
    assert_eq!(length, 1 + 1 + 3 * (2 + 300));
}

#[test]
fn noise_never_panics() {
    let mut dice = Dice::new(2);
    for _ in 0..50_000 {
        let mut noise = vec![0; dice.below(40)];
        dice.fill(&mut noise).unwrap();
        let mut input = match Reader::new(&noise, 1) {
            Ok(input) => input,
            Err(WireError) => Reader::new(&[1], 1).unwrap(),
        };
        let _token = input.token().is_ok();
        let _text = input.text().is_ok();
        let _number = input.u64().is_ok();
    }
}
