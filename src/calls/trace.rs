//! The trace of a call: W3C context in and out, and spans with OpenTelemetry's GenAI names.

use hub_domain::routing::Candidate;
use hub_domain::vocabulary::CallType;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use rand::RngCore;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Where a call stands in a trace.
#[derive(Clone)]
pub struct CallTrace {
    trace_id: TraceId,
    sampled: bool,
    /// The span of the whole call; disabled where nobody listens.
    pub span: Span,
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// `00-<trace id>-<parent id>-<flags>`; anything else is as if it were absent.
fn parse_traceparent(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lengths = version.len() == 2 && trace.len() == 32 && parent.len() == 16 && flags.len() == 2;
    let known = version != "ff" && (version != "00" || parts.next().is_none());
    if !lengths || !known || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()? & 1;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(parent).ok()?,
        TraceFlags::new(flags),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

impl CallTrace {
    /// Goes on with the client's trace where it sent one, else begins a new one.
    pub fn begin(traceparent: Option<&str>, call_type: CallType, candidate: &Candidate) -> Self {
        let span = tracing::info_span!(
            target: "aigne_hub::call",
            "call",
            otel.name = tracing::field::Empty,
            otel.kind = "server",
            otel.status_code = tracing::field::Empty,
            gen_ai.operation.name = call_type.operation(),
            gen_ai.provider.name = &*candidate.provider.name,
            gen_ai.request.model = &*candidate.model,
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
            gen_ai.response.finish_reasons = tracing::field::Empty,
            aigne_hub.call.id = tracing::field::Empty,
            aigne_hub.charge = tracing::field::Empty,
            error.r#type = tracing::field::Empty,
        );
        let parent = traceparent.and_then(parse_traceparent);
        let sampled = parent.as_ref().is_none_or(SpanContext::is_sampled);
        if span.is_disabled() {
            let trace_id =
                parent.map_or_else(|| TraceId::from_bytes(random_bytes()), |parent| parent.trace_id());
            return Self { trace_id, sampled, span };
        }
        span.record("otel.name", format!("{} {}", call_type.operation(), candidate.model));
        if let Some(parent) = &parent {
            let context = opentelemetry::Context::new().with_remote_span_context(parent.clone());
            // Fails only where no OpenTelemetry layer is installed; the trace id is taken over below.
            let _ = span.set_parent(context);
        }
        let own = span.context().span().span_context().trace_id();
        let trace_id = if own != TraceId::INVALID {
            own
        } else {
            parent.map_or_else(|| TraceId::from_bytes(random_bytes()), |parent| parent.trace_id())
        };
        Self { trace_id, sampled, span }
    }

    /// 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.trace_id.to_string()
    }

    /// A span for one try upstream.
    pub fn attempt(&self, candidate: &Candidate, call_type: CallType, number: u32) -> Span {
        tracing::info_span!(
            target: "aigne_hub::call",
            parent: &self.span,
            "attempt",
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            gen_ai.operation.name = call_type.operation(),
            gen_ai.provider.name = &*candidate.provider.name,
            gen_ai.request.model = &*candidate.model,
            gen_ai.response.id = tracing::field::Empty,
            aigne_hub.attempt = number,
            error.r#type = tracing::field::Empty,
        )
    }

    /// What goes upstream: the same trace, with the attempt as parent.
    pub fn traceparent(&self, attempt: &Span) -> String {
        let own = attempt.context().span().span_context().span_id();
        let span_id = if own == SpanId::INVALID { SpanId::from_bytes(random_bytes()) } else { own };
        format!("00-{}-{span_id}-{:02x}", self.trace_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_traceparent_is_taken_over() {
        let context =
            parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").expect("valid");
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.is_sampled());
    }

    #[test]
    fn anything_else_is_as_if_it_were_absent() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-zzf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(parse_traceparent(text).is_none(), "{text}");
        }
    }
}
