//! What all requests of a process share.

use std::sync::Arc;

use crate::admission::Admission;
use crate::body::BodyBudget;
use crate::{HttpSettings, HttpState};

pub(crate) struct Service {
    pub(crate) state: HttpState,
    pub(crate) settings: HttpSettings,
    pub(crate) admission: Admission,
    pub(crate) bodies: BodyBudget,
}

impl Service {
    pub(crate) fn new(settings: HttpSettings, state: HttpState) -> Self {
        Self {
            admission: Admission::new(settings.calls, Arc::clone(&state.rates)),
            bodies: BodyBudget::new(settings.body.total_bytes),
            state,
            settings,
        }
    }
}
