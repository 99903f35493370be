//! What was taken in the last sixty seconds, and what is left.
//!
//! A sliding window and not a bucket that fills: in no sixty seconds is more taken than the limit, and what
//! was reserved can be corrected later. Takings close together are one entry, which leaves as late as
//! the last of them.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// Takings within it are one entry: a window has at most 241 of them.
const GRAIN: Duration = Duration::from_millis(250);
/// When to come back where only what calls in flight have reserved stands in the way: any of them may end.
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct Window {
    /// In order of time.
    entries: VecDeque<Entry>,
    /// Of all entries.
    taken: u64,
    /// The part of it that is reserved and will be corrected.
    reserved: u64,
}

#[derive(Debug)]
struct Entry {
    first: Instant,
    last: Instant,
    taken: u64,
    reserved: u64,
}

/// Where a taking stands, for its correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(Instant);

/// How much of a limit is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub limit: u64,
    pub remaining: u64,
    /// Until all of it is there again, if nothing more is taken.
    pub reset: Duration,
}

impl Window {
    /// Whether so much can be taken now, else when it may be tried again. More than the whole limit can be
    /// taken when nothing else was.
    pub fn check(&mut self, amount: u64, limit: NonZeroU64, now: Instant) -> Result<(), Duration> {
        self.forget(now);
        let limit = limit.get();
        let amount = amount.min(limit);
        if self.taken.saturating_add(amount) <= limit {
            return Ok(());
        }
        // What calls in flight have reserved may be given back any moment; the rest has to grow old.
        let mut settled = self.taken.saturating_sub(self.reserved);
        for entry in &self.entries {
            if settled.saturating_add(amount) <= limit {
                break;
            }
            settled = settled.saturating_sub(entry.taken.saturating_sub(entry.reserved));
            if settled.saturating_add(amount) <= limit {
                return Err((entry.last + MINUTE).saturating_duration_since(now));
            }
        }
        Err(SOON)
    }

    /// Takes without asking. `is_final` where it will not be corrected.
    pub fn take(&mut self, amount: u64, is_final: bool, now: Instant) -> Mark {
        let reserved = if is_final { 0 } else { amount };
        self.taken = self.taken.saturating_add(amount);
        self.reserved = self.reserved.saturating_add(reserved);
        // Instants of several threads may come in another order than they were read.
        let now = self.entries.back().map_or(now, |entry| now.max(entry.last));
        match self.entries.back_mut().filter(|entry| now < entry.first + GRAIN) {
            Some(entry) => {
                entry.last = now;
                entry.taken = entry.taken.saturating_add(amount);
                entry.reserved = entry.reserved.saturating_add(reserved);
                Mark(entry.first)
            }
            None => {
                self.entries.push_back(Entry { first: now, last: now, taken: amount, reserved });
                Mark(now)
            }
        }
    }

    /// What was reserved turned out to be `used`. What has left the window is past correction.
    pub fn correct(&mut self, mark: Mark, reserved: u64, used: u64) {
        let at = self.entries.partition_point(|entry| entry.first < mark.0);
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.first == mark.0) else { return };
        entry.reserved = entry.reserved.saturating_sub(reserved);
        self.reserved = self.reserved.saturating_sub(reserved);
        entry.taken = entry.taken.saturating_sub(reserved).saturating_add(used);
        self.taken = self.taken.saturating_sub(reserved).saturating_add(used);
    }

    pub fn room(&mut self, limit: NonZeroU64, now: Instant) -> Room {
        self.forget(now);
        let limit = limit.get();
        let newest = self.entries.iter().rev().find(|entry| entry.taken > 0);
        Room {
            limit,
            remaining: limit.saturating_sub(self.taken),
            reset: newest
                .map_or(Duration::ZERO, |entry| (entry.last + MINUTE).saturating_duration_since(now)),
        }
    }

    /// Whether nothing was taken in the last minute.
    pub fn is_empty(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.entries.is_empty()
    }

    fn forget(&mut self, now: Instant) {
        while let Some(entry) = self.entries.front()
            && entry.last + MINUTE <= now
        {
            self.taken = self.taken.saturating_sub(entry.taken);
            self.reserved = self.reserved.saturating_sub(entry.reserved);
            self.entries.pop_front();
        }
    }
}
