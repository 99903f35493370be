//! Which credentials and models are worth a try: what failed a moment ago is left alone for a while.
//!
//! A credential rests after 429 for as long as its upstream says, and is out after 401 until a test finds it well.
//! A provider's model that fails again and again opens a circuit; once it has rested, one call probes it. The state
//! is this process's own: another one learns from its own calls. Time is told by the caller.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{ProviderError, UpstreamClass};
use crate::routing::{Candidate, Candidates, ProviderKind, Route, whose};

/// A 429 that does not say how long.
const REST: Duration = Duration::from_secs(5);
/// No upstream is believed that wants more.
const LONGEST_REST: Duration = Duration::from_secs(3_600);
/// A credential without money is asked again after so long.
const BROKE: Duration = Duration::from_secs(60);
/// Before the first test of a credential that is out; each further one waits twice as long.
const RETEST: Duration = Duration::from_secs(5);
const LONGEST_RETEST: Duration = Duration::from_secs(300);
/// Failures in a row that open a circuit.
const FAILURES: u32 = 5;
/// The first time that a circuit stays open; each failed probe doubles it.
const OPEN: Duration = Duration::from_secs(10);
const LONGEST_OPEN: Duration = Duration::from_secs(300);
/// A probe that nobody heard of again.
const PROBE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct UpstreamHealth {
    /// Entries below: while there is none, nobody waits for the lock.
    troubles: AtomicUsize,
    /// Which of several credentials is first.
    turn: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    credentials: HashMap<u64, Resting>,
    circuits: HashMap<(String, String), Circuit>,
}

/// A credential that is left alone.
#[derive(Debug)]
struct Resting {
    candidate: Candidate,
    class: UpstreamClass,
    until: Instant,
    /// Only a test brings it back: the time before the next one.
    test_after: Option<Duration>,
}

#[derive(Debug)]
struct Circuit {
    failures: u32,
    /// `None` while it is closed.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    length: Duration,
    probing: Option<Instant>,
}

/// One thing that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub provider: String,
    /// `None` where a credential is meant, whatever the model.
    pub model: Option<String>,
    /// The last characters of the credential.
    pub credential: Option<String>,
    /// `cooling_down`, `removed`, `circuit_open` or `half_open`.
    pub state: &'static str,
    /// Why, in the words that records have.
    pub reason: &'static str,
    /// Until it is tried again; `None` where only a test brings it back.
    pub retry_after: Option<Duration>,
}

impl UpstreamHealth {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        self.troubles.store(state.credentials.len() + state.circuits.len(), Ordering::Release);
        result
    }

    fn is_well(&self) -> bool {
        self.troubles.load(Ordering::Acquire) == 0
    }

    /// Puts the credentials of each route in their turn and leaves out what rests. Where nothing is left that the
    /// call may take, says why and for how long. With `probes`, a circuit that has rested lets this one through.
    pub fn admit(
        &self,
        candidates: &mut Candidates,
        now: Instant,
        probes: bool,
    ) -> Result<(), ProviderError> {
        if candidates.len() > 1 {
            self.take_turns(candidates);
        }
        if self.is_well() {
            return Ok(());
        }
        let Some(Route { index: first, fallback, .. }) = candidates.first().map(|one| one.route) else {
            return Ok(());
        };
        let is_allowed = |candidate: &Candidate| candidate.route.index == first || fallback.errors;
        let mut state = self.state();
        let mut why: Option<(UpstreamClass, Duration)> = None;
        let mut is_first = probes;
        candidates.retain(|candidate| match state.rests(candidate, now, is_first) {
            // Those behind it may never be asked, so they don't take a probe's place.
            None => {
                is_first = false;
                true
            }
            Some((class, left)) => {
                if is_allowed(candidate) && why.is_none_or(|(_, least)| left < least) {
                    why = Some((class, left));
                }
                false
            }
        });
        match why {
            Some((class, left)) if !candidates.first().is_some_and(is_allowed) => Err(resting(class, left)),
            _ => Ok(()),
        }
    }

    fn take_turns(&self, candidates: &mut Candidates) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for of_route in candidates.chunk_by_mut(|one, next| one.route.index == next.route.index) {
            if of_route.len() > 1 {
                let weight = |one: &Candidate| one.credential.as_ref().map_or(0, |own| own.weight);
                let first = whose(turn, of_route.iter().map(weight));
                of_route.rotate_left(first);
            }
        }
    }

    /// A try was answered.
    pub fn succeeded(&self, candidate: &Candidate) {
        if self.is_well() {
            return;
        }
        self.change(|state| state.circuits.remove(&circuit_of(candidate)));
    }

    /// A try failed.
    pub fn failed(&self, candidate: &Candidate, error: &ProviderError, now: Instant) {
        // Its models fail for show, and are to go on failing.
        if candidate.provider.kind == ProviderKind::Simulated {
            return;
        }
        let rest = match error.class {
            UpstreamClass::RateLimited => error.retry_after.unwrap_or(REST).min(LONGEST_REST),
            UpstreamClass::Quota => error.retry_after.unwrap_or(BROKE).min(LONGEST_REST),
            UpstreamClass::Authentication => RETEST,
            UpstreamClass::Overloaded
            | UpstreamClass::Server
            | UpstreamClass::Timeout
            | UpstreamClass::BadAnswer
            | UpstreamClass::Transport => return self.circuit_failed(candidate, now),
            // The provider is there and said so.
            UpstreamClass::InvalidRequest
            | UpstreamClass::ContextTooLong
            | UpstreamClass::ContentFiltered
            | UpstreamClass::Permission
            | UpstreamClass::ModelNotFound => return self.succeeded(candidate),
        };
        let is_out = error.class == UpstreamClass::Authentication;
        let resting = Resting {
            candidate: candidate.clone(),
            class: error.class,
            until: now + rest,
            test_after: is_out.then_some(RETEST),
        };
        self.change(|state| {
            state.circuits.remove(&circuit_of(candidate));
            state.credentials.insert(credential_of(candidate), resting);
        });
    }

    fn circuit_failed(&self, candidate: &Candidate, now: Instant) {
        self.change(|state| {
            let entry = state.circuits.entry(circuit_of(candidate));
            let circuit = entry.or_insert(Circuit { failures: 0, open: None });
            circuit.failures = circuit.failures.saturating_add(1);
            let length = match circuit.open {
                // Others that were under way tell nothing new.
                Some(open) if open.probing.is_none() && now < open.until => return,
                Some(open) => open.length.saturating_mul(2).min(LONGEST_OPEN),
                None if circuit.failures < FAILURES => return,
                None => OPEN,
            };
            circuit.open = Some(Open { until: now + length, length, probing: None });
        });
    }

    /// Credentials whose test is due. Each is given once; [`Self::tested`] says how it went.
    pub fn to_test(&self, now: Instant) -> Vec<Candidate> {
        if self.is_well() {
            return Vec::new();
        }
        let mut due = Vec::new();
        for resting in self.state().credentials.values_mut() {
            if let Some(time) = resting.test_after.filter(|_| now >= resting.until) {
                let next = time.saturating_mul(2).min(LONGEST_RETEST);
                (resting.test_after, resting.until) = (Some(next), now + next);
                due.push(resting.candidate.clone());
            }
        }
        due
    }

    /// A test found a credential well, or its provider does not have it any more.
    pub fn returned(&self, candidate: &Candidate) {
        self.change(|state| state.credentials.remove(&credential_of(candidate)));
    }

    /// What is wrong now. What has rested enough is forgotten.
    pub fn troubles(&self, now: Instant) -> Vec<Trouble> {
        if self.is_well() {
            return Vec::new();
        }
        self.change(|state| {
            state.credentials.retain(|_, resting| resting.test_after.is_some() || now < resting.until);
            let credentials = state.credentials.values().map(|resting| resting.trouble(now));
            let circuits = state.circuits.iter().filter_map(|((provider, model), circuit)| {
                let open = circuit.open?;
                let is_open = now < open.until;
                Some(Trouble {
                    provider: provider.clone(),
                    model: Some(model.clone()),
                    credential: None,
                    state: if is_open { "circuit_open" } else { "half_open" },
                    reason: UpstreamClass::Server.name(),
                    retry_after: Some(open.until.saturating_duration_since(now)),
                })
            });
            let mut all: Vec<_> = credentials.chain(circuits).collect();
            all.sort_by(|one, other| {
                (&one.provider, &one.model, &one.credential).cmp(&(
                    &other.provider,
                    &other.model,
                    &other.credential,
                ))
            });
            all
        })
    }
}

impl State {
    /// Why a candidate is left alone, and for how long.
    fn rests(
        &mut self,
        candidate: &Candidate,
        now: Instant,
        probes: bool,
    ) -> Option<(UpstreamClass, Duration)> {
        if let Some(resting) = self.credentials.get(&credential_of(candidate))
            && (resting.test_after.is_some() || now < resting.until)
        {
            return Some((resting.class, resting.until.saturating_duration_since(now)));
        }
        let open = self.circuits.get_mut(&circuit_of(candidate))?.open.as_mut()?;
        let probe = open.probing.is_some_and(|since| now < since + PROBE);
        if now < open.until || probe {
            let left = open.until.saturating_duration_since(now).max(Duration::from_secs(1));
            return Some((UpstreamClass::Overloaded, left));
        }
        if probes {
            open.probing = Some(now);
        }
        None
    }
}

impl Resting {
    fn trouble(&self, now: Instant) -> Trouble {
        let credential = self.candidate.credential.as_ref().map(|credential| credential.secret.masked());
        Trouble {
            provider: self.candidate.provider.name.to_string(),
            model: None,
            credential,
            state: if self.test_after.is_some() { "removed" } else { "cooling_down" },
            reason: self.class.name(),
            retry_after: self.test_after.is_none().then(|| self.until.saturating_duration_since(now)),
        }
    }
}

fn circuit_of(candidate: &Candidate) -> (String, String) {
    (candidate.provider.name.to_string(), candidate.model.to_string())
}

/// A secret is not kept a second time: its hash tells it from others, and a new one from the old.
fn credential_of(candidate: &Candidate) -> u64 {
    let mut hasher = DefaultHasher::new();
    candidate.provider.name.hash(&mut hasher);
    candidate.credential.as_ref().map(|credential| credential.secret.expose()).hash(&mut hasher);
    hasher.finish()
}

fn resting(class: UpstreamClass, left: Duration) -> ProviderError {
    let message = match class {
        UpstreamClass::Authentication => {
            "the provider refused the hub's credential; it is tested again by itself"
        }
        UpstreamClass::RateLimited => {
            "the provider limits the rate of requests; it is asked again when it said so"
        }
        UpstreamClass::Quota => "the hub's credential has no quota left at the provider",
        _ => "the provider has failed several times in a row; it is asked again in a moment",
    };
    let retry_after = Some(left.max(Duration::from_secs(1)));
    ProviderError { retry_after, ..ProviderError::new(class, message, false) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ports::{ProviderTimeouts, SecretText};
    use crate::routing::{Credential, Provider};

    fn candidates(keys: &[&str]) -> Candidates {
        let credentials: Vec<_> = keys
            .iter()
            .map(|key| Credential { id: None, secret: SecretText::new(*key), weight: Credential::WEIGHT })
            .collect();
        let provider = Arc::new(Provider {
            credentials: credentials.clone(),
            ..Provider::new("p", ProviderKind::OpenAi)
        });
        let candidate = |credential| Candidate {
            provider: Arc::clone(&provider),
            model: "m".into(),
            credential: Some(credential),
            rate: None,
            max_output_tokens: None,
            route: Route::single(ProviderTimeouts::default()),
        };
        credentials.into_iter().map(candidate).collect()
    }

    fn failure(class: UpstreamClass, retry_after: Option<u64>) -> ProviderError {
        ProviderError { retry_after: retry_after.map(Duration::from_secs), ..resting(class, Duration::ZERO) }
    }

    fn keys(candidates: &Candidates) -> Vec<&str> {
        candidates.iter().map(|one| one.credential.as_ref().unwrap().secret.expose()).collect()
    }

    const ONE: &str = "sk-0123456789one";
    const TWO: &str = "sk-0123456789two";

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn credentials_take_turns() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let first: Vec<_> = (0..4)
            .map(|_| {
                let mut all = candidates(&[ONE, TWO]);
                health.admit(&mut all, now, true).unwrap();
                assert_eq!(all.len(), 2, "the other one stands by");
                keys(&all)[0].to_owned()
            })
            .collect();
        assert_eq!(first, [ONE, TWO, ONE, TWO]);
    }

    #[test]
    fn a_limited_credential_rests_for_as_long_as_its_upstream_says() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let all = candidates(&[ONE, TWO]);
        health.failed(&all[0], &failure(UpstreamClass::RateLimited, Some(30)), now);
        for _ in 0..4 {
            let mut left = all.clone();
            health.admit(&mut left, now + seconds(29), true).unwrap();
            assert_eq!(keys(&left), [TWO]);
        }
        let mut only = candidates(&[ONE]);
        let refused = health.admit(&mut only, now + seconds(10), true).unwrap_err();
        assert_eq!((refused.class, refused.retry_after), (UpstreamClass::RateLimited, Some(seconds(20))));
        let mut rested = candidates(&[ONE]);
        health.admit(&mut rested, now + seconds(30), true).unwrap();
        assert_eq!(rested.len(), 1);
        assert!(health.troubles(now + seconds(30)).is_empty(), "what has rested is forgotten");
    }

    #[test]
    fn a_refused_credential_is_out_until_a_test_finds_it_well() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let all = candidates(&[ONE]);
        health.failed(&all[0], &failure(UpstreamClass::Authentication, None), now);
        let later = now + seconds(10_000);
        assert_eq!(
            health.admit(&mut all.clone(), later, true).unwrap_err().class,
            UpstreamClass::Authentication
        );
        let [trouble] = &health.troubles(later)[..] else { panic!() };
        assert_eq!((trouble.state, trouble.reason), ("removed", "upstream_authentication"));
        assert_eq!(trouble.credential.as_deref(), Some("…9one"));
        assert!(health.to_test(now).is_empty());
        let due = health.to_test(later);
        assert_eq!(due.len(), 1);
        assert!(health.to_test(later).is_empty(), "a test is under way");
        health.returned(&due[0]);
        assert!(health.admit(&mut all.clone(), later, true).is_ok());
    }

    #[test]
    fn a_circuit_opens_after_failures_in_a_row_and_one_call_probes_it() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let all = candidates(&[ONE]);
        let fail = |now| health.failed(&all[0], &failure(UpstreamClass::Server, None), now);
        let ask = |now| health.admit(&mut all.clone(), now, true).map_err(|error| error.class);
        for _ in 0..4 {
            fail(now);
        }
        health.succeeded(&all[0]);
        for _ in 0..4 {
            fail(now);
            assert_eq!(ask(now), Ok(()), "a success in between starts the count anew");
        }
        fail(now);
        assert_eq!(ask(now + seconds(9)), Err(UpstreamClass::Overloaded));
        assert_eq!(health.troubles(now)[0].state, "circuit_open");
        // A look does not probe.
        assert!(health.admit(&mut all.clone(), now + seconds(10), false).is_ok());
        assert_eq!(ask(now + seconds(10)), Ok(()));
        assert_eq!(ask(now + seconds(10)), Err(UpstreamClass::Overloaded), "one probe at a time");
        fail(now + seconds(11));
        assert_eq!(ask(now + seconds(30)), Err(UpstreamClass::Overloaded), "a failed probe doubles the rest");
        assert_eq!(ask(now + seconds(31)), Ok(()));
        health.succeeded(&all[0]);
        assert_eq!(ask(now + seconds(31)), Ok(()));
        assert!(health.troubles(now + seconds(31)).is_empty());
    }

    #[test]
    fn a_probe_that_nobody_heard_of_again_does_not_hold_the_circuit_for_ever() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let all = candidates(&[ONE]);
        (0..5).for_each(|_| health.failed(&all[0], &failure(UpstreamClass::Timeout, None), now));
        assert!(health.admit(&mut all.clone(), now + seconds(10), true).is_ok());
        assert!(health.admit(&mut all.clone(), now + seconds(69), true).is_err());
        assert!(health.admit(&mut all.clone(), now + seconds(70), true).is_ok());
    }

    #[test]
    fn what_fails_for_show_goes_on_failing() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let mut all = candidates(&[ONE]);
        let provider = Provider { kind: ProviderKind::Simulated, ..Provider::clone(&all[0].provider) };
        all[0].provider = Arc::new(provider);
        for class in [UpstreamClass::RateLimited, UpstreamClass::Authentication, UpstreamClass::Server] {
            (0..9).for_each(|_| health.failed(&all[0], &failure(class, None), now));
        }
        assert!(health.admit(&mut all, now, true).is_ok());
    }

    #[test]
    fn a_request_at_fault_says_nothing_against_its_provider() {
        let (health, now) = (UpstreamHealth::default(), Instant::now());
        let all = candidates(&[ONE]);
        for class in
            [UpstreamClass::InvalidRequest, UpstreamClass::ContextTooLong, UpstreamClass::ModelNotFound]
        {
            (0..9).for_each(|_| health.failed(&all[0], &failure(class, None), now));
        }
        assert!(health.troubles(now).is_empty());
    }
}
