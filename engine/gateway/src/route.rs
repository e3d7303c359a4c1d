//! The three shapes of URLs: one for all, a base with the `infno` behind it, and a path for each transaction.

use crate::refusal::Refusal;
use crate::tolerance::{Profile, Tolerance};
use crate::wire::Transaction;

/// URLs for all transactions, as provinces have them: Jiangxi and Hunan; Jilin; Inner Mongolia; Jiangsu; Yunnan.
pub const SHARED: &[&str] = &[
    "/fsi/api/rsfComIfsService/callService",
    "/mbs/fmi/fsi/api/callFsiService/callService",
    "/uif-hsaf-med-api/api/medical/service",
    "/CSB",
    "/eapdomain/callService",
];

/// What a URL says of the transaction.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Route {
    /// Nothing: it is for all.
    Shared,
    /// Which it is.
    One(Transaction),
}

/// What a path says, or `None` where no call is served. `shared` are the URLs for all.
pub fn route<S: AsRef<str>>(path: &str, shared: &[S]) -> Option<Route> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    if shared.iter().any(|one| one.as_ref().trim_end_matches('/') == path) {
        return Some(Route::Shared);
    }
    let mut segments = path.rsplit('/');
    let (last, before) = (segments.next()?, segments.next());
    // `…/2207`, and `…/poc-hsa-hgs-2207`.
    let number = last.rsplit('-').next().unwrap_or_default();
    if let Some(one) = Transaction::of(number) {
        return Some(Route::One(one));
    }
    let own = format!("{}/{last}", before?);
    let all = Transaction::ALL.iter().copied();
    all.into_iter().find(|one| one.entry().paths.contains(&&*own)).map(Route::One)
}

/// The transaction of a call: the body's, and the URL's where the body's is empty. Where they disagree the body's, if the profile
/// bears it.
pub fn resolve(
    route: Route,
    infno: Option<&str>,
    profile: &Profile,
) -> Result<(Transaction, Option<Tolerance>), Refusal> {
    match (route, infno) {
        (Route::One(one), None) => Ok((one, None)),
        (Route::Shared, None) => Err(Refusal::TransactionUnknown),
        (_, Some(infno)) => {
            let one = Transaction::of(infno).ok_or(Refusal::TransactionUnknown)?;
            if route == Route::Shared || route == Route::One(one) {
                return Ok((one, None));
            }
            let borne = profile.bears(Tolerance::OtherPath);
            if borne { Ok((one, Some(Tolerance::OtherPath))) } else { Err(Refusal::OtherPath) }
        }
    }
}
