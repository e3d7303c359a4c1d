//! What comes a second time, and what comes too often: nonces with the same body and another one, how long they are remembered,
//! what a full memory does, rates and calls that wait.

use yidan_gateway::limit::{Limiter, Limits};
use yidan_gateway::limits::{REPLAYS_MAX, SIGNATURE_WINDOW_MS};
use yidan_gateway::refusal::{Family, Refusal};
use yidan_gateway::replay::{Replays, Seen};
use yidan_gateway::sign::{Channel, Credentials, Once, Tokens, verify};

use crate::signing::{
    INSTITUTION, NOW, NOW_S, SECOND, body, credential, lent, second, set, tif, verified,
};

fn tif_set() -> Credentials {
    set(Channel::Tls, vec![credential(Family::Tif), second(Family::Tif)])
}

fn once(stamp: &str, nonce: &str, body: &str, now: i64) -> Once {
    let (all, tokens, headers) = (tif_set(), Tokens::default(), tif(stamp, nonce));
    let call = verify(lent(&headers), body.as_bytes(), now, &all, &tokens).expect("verified");
    *call.once().expect("it has a nonce")
}

#[test]
fn a_nonce_with_the_same_body_goes_on_and_with_another_one_is_refused() {
    let mut replays = Replays::default();
    let (first, other) = (body(INSTITUTION), body("H63010000007"));
    let of = |stamp, nonce, body: &str| once(stamp, nonce, body, NOW);
    assert_eq!(replays.note(&of(NOW_S, "n", &first), NOW), Ok(Seen::First));
    assert_eq!(replays.note(&of(NOW_S, "n", &first), NOW + 1), Ok(Seen::Again));
    assert_eq!(replays.note(&of(NOW_S, "n", &other), NOW + 1), Err(Refusal::Replayed));
    // The first body is still the one that is known.
    assert_eq!(replays.note(&of(NOW_S, "n", &first), NOW + 2), Ok(Seen::Again));
    assert_eq!(replays.note(&of(NOW_S, "m", &other), NOW), Ok(Seen::First));
    assert_eq!(
        replays.note(&of("1767323044", "n", &other), NOW),
        Ok(Seen::First),
        "another second"
    );
    // The nonces of another credential are its own.
    let mut headers = tif(NOW_S, "n");
    headers[0].1 = "second".to_owned();
    let theirs =
        verified(&headers, &body(SECOND), &tif_set(), |call| *call.once().expect("a nonce"));
    assert_eq!(replays.note(&theirs, NOW), Ok(Seen::First));
    assert_eq!(replays.count(), 4);
}

#[test]
fn a_nonce_is_remembered_as_long_as_its_stamp_is_taken() {
    let (first, other) = (body(INSTITUTION), body("H63010000007"));
    let stamp_ms: i64 = NOW_S.parse::<i64>().expect("a number") * 1_000;
    for came in [stamp_ms - SIGNATURE_WINDOW_MS, stamp_ms, stamp_ms + SIGNATURE_WINDOW_MS] {
        let mut replays = Replays::default();
        assert_eq!(replays.note(&once(NOW_S, "n", &first, came), came), Ok(Seen::First));
        let last = stamp_ms + SIGNATURE_WINDOW_MS;
        assert_eq!(replays.note(&once(NOW_S, "n", &other, last), last), Err(Refusal::Replayed));
        // A minute later it is gone: its stamp has expired.
        let later = last + 60_000;
        let now_s = (later / 1_000).to_string();
        assert_eq!(replays.note(&once(&now_s, "m", &first, later), later), Ok(Seen::First));
        assert_eq!(replays.count(), 1);
        // A clock that is set back does not bring it in again.
        let back = once(NOW_S, "n", &other, stamp_ms);
        assert_eq!(replays.note(&back, stamp_ms), Err(Refusal::Expired));
    }
}

#[test]
fn a_full_memory_refuses_and_forgets_nothing() {
    let mut replays = Replays::default();
    let (all, tokens, theirs) = (tif_set(), Tokens::default(), body(SECOND));
    let body = body(INSTITUTION);
    let of = |nonce: usize| {
        let headers = tif(NOW_S, &nonce.to_string());
        let call = verify(lent(&headers), body.as_bytes(), NOW, &all, &tokens).expect("verified");
        *call.once().expect("a nonce")
    };
    let first = of(0);
    for nonce in 0..REPLAYS_MAX {
        assert_eq!(replays.note(&of(nonce), NOW), Ok(Seen::First));
    }
    assert_eq!(replays.note(&of(REPLAYS_MAX), NOW), Err(Refusal::Busy));
    assert_eq!(replays.note(&first, NOW), Ok(Seen::Again), "what is known is still answered");
    assert_eq!(replays.count(), REPLAYS_MAX);
    // Others are not held up by it.
    let mut headers = tif(NOW_S, "n");
    headers[0].1 = "second".to_owned();
    let theirs = verified(&headers, &theirs, &all, |call| *call.once().expect("a nonce"));
    assert_eq!(replays.note(&theirs, NOW), Ok(Seen::First));
    // When the stamps have expired there is room.
    let later = NOW + SIGNATURE_WINDOW_MS + 60_000;
    let stamp = (later / 1_000).to_string();
    assert_eq!(replays.note(&once(&stamp, "n", &body, later), later), Ok(Seen::First));
}

#[test]
fn an_institution_has_its_rate_and_its_rush() {
    let limits = Limits { per_second: 10, burst: 3, at_once: 100 };
    let mut limiter = Limiter::default();
    let mut enter = |now| limiter.enter(INSTITUTION, &limits, now).map(drop).err();
    assert_eq!([NOW; 4].map(&mut enter), [None, None, None, Some(Refusal::Busy)]);
    // A tenth of a second brings one call, not sooner.
    assert_eq!(enter(NOW + 99), Some(Refusal::Busy));
    assert_eq!(enter(NOW + 100), None);
    assert_eq!(enter(NOW + 100), Some(Refusal::Busy));
    // A pause brings no more than the rush.
    assert_eq!([NOW + 3_600_000; 4].map(&mut enter), [None, None, None, Some(Refusal::Busy)]);
    // A clock set back brings nothing, and one that goes on from there does.
    assert_eq!(enter(NOW), Some(Refusal::Busy));
    assert_eq!(enter(NOW + 100), None);
    assert!(limiter.enter(SECOND, &limits, NOW).is_ok(), "another institution has its own");
}

#[test]
fn an_institution_has_so_many_calls_that_wait() {
    let limits = Limits { per_second: 1_000, burst: 1_000, at_once: 2 };
    let mut limiter = Limiter::default();
    let first = limiter.enter(INSTITUTION, &limits, NOW).expect("room");
    let second = limiter.enter(INSTITUTION, &limits, NOW).expect("room");
    assert_eq!(limiter.enter(INSTITUTION, &limits, NOW).expect_err("two wait"), Refusal::Busy);
    assert_eq!((limiter.waiting(INSTITUTION), limiter.waiting(SECOND)), (2, 0));
    limiter.leave(first);
    let third = limiter.enter(INSTITUTION, &limits, NOW).expect("room again");
    limiter.leave(second);
    limiter.leave(third);
    assert_eq!(limiter.waiting(INSTITUTION), 0);
}
