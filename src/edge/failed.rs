//! What a client is told of a request that could not be read, or got no answer.
//!
//! Translates pingora's errors; the texts and pages are the core's.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::StatusCode;
use pingora::proxy::Session;
use pingora::{Error, ErrorSource, ErrorType};

use super::view::{FramingError, Received};
use crate::clock;
use crate::gate::reply::Reply;
use crate::gate::unavailable::{AppFailure, app_failed};

/// As in errno(3).
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// Codes of HTTP/2 by which one side says that the other one does not keep to the
/// protocol, or is too much (RFC 9113 7): PROTOCOL_ERROR, FLOW_CONTROL_ERROR,
/// SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR,
/// ENHANCE_YOUR_CALM, INADEQUATE_SECURITY.
const BREACHES: [u32; 8] = [1, 3, 4, 5, 6, 9, 11, 12];

/// A request whose framing is refused before the core sees it.
pub(super) fn unreadable(error: FramingError) -> Reply {
    let why = error.to_string();
    match error {
        FramingError::TwoLengths => Reply::bad_request(&why, "request_two_lengths"),
        FramingError::BareLineFeed => Reply::bad_request(&why, "request_bare_line_feed"),
        FramingError::Coding => Reply::bad_request(&why, "request_transfer_coding"),
        FramingError::TargetTooLong => too_large(
            StatusCode::URI_TOO_LONG,
            Reply::bad_request(&why, "request_target_too_long"),
        ),
        FramingError::TooLarge => too_large(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Reply::bad_request(&why, "request_header_too_large"),
        ),
    }
}

fn too_large(status: StatusCode, mut reply: Reply) -> Reply {
    reply.status = status;
    reply
}

/// What the client is told when the app cannot be asked; `None` if the client is gone.
pub(super) fn failure(error: &Error, session: &mut Session) -> Option<Reply> {
    if *error.esource() == ErrorSource::Downstream && has_left(session) {
        return None;
    }
    let received = Received::of(session).ok();
    let failed = |app| match received.as_ref().and_then(|received| received.view().ok()) {
        Some(view) => app_failed(&view, app, &mut clock::random),
        None => Reply::bad_request("the request cannot be read", "request_unreadable"),
    };
    match (error.esource(), error.etype()) {
        (ErrorSource::Upstream, _) if lacks_files(error) => Some(failed(AppFailure::Internal)),
        (
            ErrorSource::Upstream,
            ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout,
        ) => Some(failed(AppFailure::TooSlow)),
        (
            ErrorSource::Upstream,
            ErrorType::ConnectRefused
            | ErrorType::ConnectNoRoute
            | ErrorType::ConnectError
            | ErrorType::ConnectProxyFailure,
        ) => Some(failed(AppFailure::NotThere)),
        // No socket could be had here: no further file may be opened, no port is
        // left, or this machine forbids the connection.
        (
            ErrorSource::Upstream,
            ErrorType::SocketError | ErrorType::BindError | ErrorType::InternalError,
        ) => Some(failed(AppFailure::Internal)),
        (ErrorSource::Upstream, _) => Some(failed(AppFailure::Broken)),
        (
            ErrorSource::Downstream,
            ErrorType::ConnectionClosed
            | ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::WriteTimedout,
        ) => None,
        (ErrorSource::Downstream, _) => Some(Reply::bad_request(
            "the request cannot be read",
            "request_unreadable",
        )),
        (ErrorSource::Internal | ErrorSource::Unset, _) => Some(failed(AppFailure::Internal)),
    }
}

/// Whether a client of HTTP/2 has reset its stream, or closed its connection.
/// pingora has one kind of error for both, and for what breaks the protocol.
fn has_left(session: &mut Session) -> bool {
    let Some(close) = session.as_downstream_mut().watch_h2_stream_close() else {
        return false;
    };
    match pin!(close).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(code)) => !BREACHES.contains(&u32::from(code)),
        // Nothing more can be said on the connection.
        Poll::Ready(Err(_)) => true,
        Poll::Pending => false,
    }
}

/// Whether the other side took nothing for too long: by pingora's clock, or by
/// ours (`stall`).
pub(super) fn is_late(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    *error.etype() == ErrorType::WriteTimedout
        || cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

/// Whether no further file may be opened, by this process or on this machine.
/// pingora says so of addresses, and not of unix sockets.
fn lacks_files(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    let number = cause.and_then(io::Error::raw_os_error);
    matches!(number, Some(ENFILE | EMFILE))
}
