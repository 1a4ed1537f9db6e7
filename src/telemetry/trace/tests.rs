//! `traceparent`, read and written, by the cases of the recommendation and of its own test harness.

use std::collections::HashSet;

use super::*;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
    }
    headers
}

fn of(lines: &[&str]) -> Trace {
    Trace::of(&headers(lines), || true).unwrap()
}

#[test]
fn a_good_one_goes_on_as_it_is() {
    let trace = of(&[GOOD]);
    assert_eq!(trace.id.as_str(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(trace.parent.unwrap().as_str(), "b7ad6b7169203331");
    assert!(trace.is_sampled() && trace.was_received());
    assert_eq!(trace.header(None).unwrap(), None);
    // Flags without a meaning today stay as well.
    let other = format!("{}ff", GOOD.strip_suffix("01").unwrap());
    assert_eq!(of(&[&other]).header(None).unwrap(), None);
}

#[test]
fn a_span_of_ours_takes_the_callers_place() {
    let trace = of(&[GOOD]);
    let span = SpanId::new().unwrap();
    let id = "0af7651916cd43dd8448eb211c80319c";
    for (trace, flags) in [
        (trace, "01"),
        (trace.sampled(false), "00"),
        (of(&[&GOOD.replace("-01", "-03")]).sampled(false), "02"),
        (of(&[&GOOD.replace("-01", "-ff")]), "03"),
    ] {
        assert_eq!(
            trace.header(Some(span)).unwrap().unwrap(),
            format!("00-{id}-{}-{flags}", span.as_str())
        );
    }
}

#[test]
fn a_version_to_come_is_read_as_far_as_it_is_known() {
    for line in [
        GOOD.replacen("00", "cc", 1),
        format!(
            "{}-what-the-future-will-be-like",
            GOOD.replacen("00", "cc", 1)
        ),
        format!("{}-", GOOD.replacen("00", "01", 1)),
    ] {
        let trace = of(&[&line]);
        assert!(trace.was_received(), "{line}");
        assert_eq!(trace.header(None).unwrap().unwrap(), GOOD, "{line}");
    }
}

#[test]
fn whatever_is_not_right_is_replaced() {
    let id = "0af7651916cd43dd8448eb211c80319c";
    for lines in [
        &[][..],
        &[""],
        &["00"],
        &[GOOD, GOOD],
        &[GOOD, "00"],
        &[&format!("{GOOD}, {GOOD}")],
        &[&format!("{GOOD}-")],
        &[&format!("{GOOD}-x")],
        &[&format!("{GOOD}.")],
        &[&format!("{}x", GOOD.replacen("00", "cc", 1))],
        &[&GOOD.replacen("00", "ff", 1)],
        &[&GOOD.replacen("00", "0", 1)],
        &[&GOOD.replacen("00", ".0", 1)],
        &[&GOOD.replacen("00", "0x", 1)],
        &[&GOOD.to_uppercase()],
        &[&GOOD.replace('-', "_")],
        &[&GOOD.replace(id, &id.to_uppercase())],
        &[&GOOD.replace(id, &"0".repeat(32))],
        &[&GOOD.replace(id, &format!("{}g", id.get(..31).unwrap()))],
        &[&GOOD.replace(id, &format!("{id}0"))],
        &[&GOOD.replace("b7ad6b7169203331", "0000000000000000")],
        &[&GOOD.replace("b7ad6b7169203331", "b7ad6b716920333")],
        &[&GOOD.replace("-01", "-1")],
        &[&GOOD.replace("-01", "-0A")],
        &[&GOOD.replace("-01", "-0g")],
        &[&GOOD.replace("-01", "")],
    ] {
        let trace = of(lines);
        assert!(!trace.was_received(), "{lines:?}");
        let header = trace.header(None).unwrap().unwrap();
        let header = header.to_str().unwrap();
        assert_ne!(header.get(3..35), Some(id), "{lines:?}");
        let read = Trace::read(header.as_bytes()).unwrap();
        assert_eq!((read.id, read.is_sampled()), (trace.id, true));
    }
    let bytes = HeaderValue::from_bytes(b"00-\xff").unwrap();
    let mut binary = HeaderMap::new();
    binary.append(TRACEPARENT, bytes);
    assert!(!Trace::of(&binary, || false).unwrap().is_sampled());
}

#[test]
fn new_ones_are_never_alike() {
    let ids: HashSet<String> = (0..10_000)
        .map(|_| of(&[]).id.as_str().to_owned())
        .collect();
    assert_eq!(ids.len(), 10_000);
}
