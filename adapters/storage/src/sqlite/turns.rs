//! Whose turn it is: the writer's, or that of a checkpoint that needs the writer to rest.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct State {
    writing: bool,
    paused: bool,
}

#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a group of writes, after a pause that is on.
    pub fn write<R>(&self, group: impl FnOnce() -> R) -> R {
        let mut state = self.state();
        while state.paused {
            state = self.wait(state);
        }
        state.writing = true;
        drop(state);
        let result = group();
        let mut state = self.state();
        state.writing = false;
        if state.paused {
            self.changed.notify_all();
        }
        result
    }

    /// Runs something between two groups.
    pub fn pause<R>(&self, work: impl FnOnce() -> R) -> R {
        let mut state = self.state();
        state.paused = true;
        while state.writing {
            state = self.wait(state);
        }
        drop(state);
        let result = work();
        self.state().paused = false;
        self.changed.notify_all();
        result
    }
}
