//! Targets of virtual models as text: `openai/gpt-5 weight=3 first_content=5s`.

use std::borrow::Cow;
use std::time::Duration;

use hub_domain::routing::{Fallback, MAX_TARGETS, MAX_WEIGHT, Target, TargetTimeouts, is_model_name};

use super::setting::Setting;

/// One target; the same for a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTarget(pub Target);

const FORM: &str = "`provider/model`, with `weight=N`, `first_byte=TIME`, `first_content=TIME`, `idle=TIME` or \
                    `total=TIME` behind it where they apply";

impl Setting for RouteTarget {
    fn accepts() -> Cow<'static, str> {
        FORM.into()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let model = words.next()?;
        let (provider, name) = model.split_once('/').or_else(|| model.split_once(':'))?;
        if !is_model_name(model) || provider.is_empty() || name.is_empty() {
            return None;
        }
        let mut target = Target { model: model.to_owned(), weight: 1, timeouts: TargetTimeouts::default() };
        for word in words {
            let (key, value) = word.split_once('=')?;
            let time = || <Duration as Setting>::parse(value).filter(|time| !time.is_zero());
            match key {
                "weight" => target.weight = value.parse().ok().filter(|weight| *weight <= MAX_WEIGHT)?,
                "first_byte" => target.timeouts.first_byte = Some(time()?),
                "first_content" => target.timeouts.first_content = Some(time()?),
                "idle" => target.timeouts.idle = Some(time()?),
                "total" => target.timeouts.total = Some(time()?),
                _ => return None,
            }
        }
        Some(Self(target))
    }

    fn show(&self) -> String {
        let Target { model, weight, timeouts } = &self.0;
        let mut text = model.clone();
        if *weight != 1 {
            text.push_str(&format!(" weight={weight}"));
        }
        let times = [
            ("first_byte", timeouts.first_byte),
            ("first_content", timeouts.first_content),
            ("idle", timeouts.idle),
            ("total", timeouts.total),
        ];
        for (key, time) in times {
            if let Some(time) = time {
                text.push_str(&format!(" {key}={}", time.show().replace(' ', "")));
            }
        }
        text
    }
}

/// All targets of a virtual model, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(pub Vec<Target>);

impl Setting for Targets {
    fn accepts() -> Cow<'static, str> {
        format!("1 to {MAX_TARGETS} targets with commas between them, each {FORM}").into()
    }

    fn parse(text: &str) -> Option<Self> {
        let texts = text.split(',').map(str::trim).filter(|target| !target.is_empty());
        let targets = texts.map(|text| RouteTarget::parse(text).map(|target| target.0));
        let targets: Vec<_> = targets.collect::<Option<_>>()?;
        (1..=MAX_TARGETS).contains(&targets.len()).then_some(Self(targets))
    }

    fn show(&self) -> String {
        self.0.iter().map(|target| RouteTarget(target.clone()).show()).collect::<Vec<_>>().join(", ")
    }
}

impl Setting for Fallback {
    fn accepts() -> Cow<'static, str> {
        "`none`, or some of `errors`, `timeouts` and `context_length` with commas between them".into()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::from_words(text.split(',').map(str::trim).filter(|word| !word.is_empty()))
    }

    fn show(&self) -> String {
        if *self == Self::NONE { "none".to_owned() } else { self.words().collect::<Vec<_>>().join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_and_shown_alike() {
        for text in [
            "openai/gpt-5",
            "openai/gpt-5 weight=3",
            "local/meta-llama/Llama-4 weight=0 first_byte=5s first_content=1m30s idle=500ms total=2m",
        ] {
            assert_eq!(RouteTarget::parse(text).unwrap().show(), text);
        }
        let several = "openai/gpt-5 weight=3, anthropic/claude-sonnet-4-5";
        assert_eq!(Targets::parse(several).unwrap().show(), several);
    }

    #[test]
    fn what_is_no_target_is_not_taken() {
        for text in [
            "",
            "gpt-5",
            "openai/",
            "openai/gpt-5 heavy",
            "openai/gpt-5 weight=-1",
            "openai/gpt-5 weight=1000001",
            "openai/gpt-5 total=0s",
            "openai/gpt-5 total=5",
            "openai/gpt-5 patience=5s",
        ] {
            assert_eq!(RouteTarget::parse(text), None, "{text}");
        }
        assert_eq!(Targets::parse(" , "), None);
        assert_eq!(Targets::parse(&vec!["a/b"; MAX_TARGETS + 1].join(",")), None);
    }

    #[test]
    fn what_leads_to_the_next_target_is_read_and_shown_alike() {
        for text in ["none", "errors", "errors, timeouts, context_length"] {
            assert_eq!(<Fallback as Setting>::parse(text).unwrap().show(), text);
        }
        assert_eq!(<Fallback as Setting>::parse("sometimes"), None);
    }
}
