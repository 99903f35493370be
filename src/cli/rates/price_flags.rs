//! One flag for each meter: `--input-cached` for `input_cached`.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use hub_domain::meter::Meter;
use hub_domain::rates::Prices;

use super::price;

/// Prices that flags set, each for one.
#[derive(Debug, Clone, Default)]
pub struct PriceFlags(pub Prices);

/// The flag without its dashes.
const fn flag(meter: Meter) -> &'static str {
    match meter {
        Meter::Input => "input",
        Meter::InputCached => "input-cached",
        Meter::CacheWrite5m => "cache-write-5m",
        Meter::CacheWrite1h => "cache-write-1h",
        Meter::CacheWrite => "cache-write",
        Meter::InputAudio => "input-audio",
        Meter::InputImage => "input-image",
        Meter::Output => "output",
        Meter::OutputReasoning => "output-reasoning",
        Meter::OutputAudio => "output-audio",
        Meter::OutputImage => "output-image",
        Meter::Image => "image",
        Meter::Second => "second",
        Meter::Character => "character",
        Meter::Search => "search",
        Meter::Call => "call",
    }
}

fn help(meter: Meter) -> &'static str {
    match meter {
        Meter::Input => "Input tokens that no finer meter counts",
        Meter::InputCached => "Input tokens read from the prompt cache [as input]",
        Meter::CacheWrite5m => "Input tokens written to a five-minute cache [as input]",
        Meter::CacheWrite1h => "Input tokens written to a one-hour cache [as input]",
        Meter::CacheWrite => "Input tokens written to a cache of unstated life [as input]",
        Meter::InputAudio => "Audio tokens in [as input]",
        Meter::InputImage => "Image tokens in [as input]",
        Meter::Output => "Output tokens that no finer meter counts",
        Meter::OutputReasoning => "Output tokens spent on reasoning [as output]",
        Meter::OutputAudio => "Audio tokens out [as output]",
        Meter::OutputImage => "Image tokens out [as output]",
        Meter::Image => "An image delivered",
        Meter::Second => "A second of audio or video",
        Meter::Character => "Characters of text to speech",
        Meter::Search => "A search that the provider ran",
        Meter::Call => "The call itself",
    }
}

impl Args for PriceFlags {
    fn augment_args(command: Command) -> Command {
        Meter::ALL.into_iter().fold(command, |command, meter| {
            let unit = if meter.is_priced_by_million() { "PER_MILLION" } else { "PER_ONE" };
            let flag = Arg::new(meter.name())
                .long(flag(meter))
                .value_name(unit)
                .help(help(meter))
                .help_heading("Prices in decimal credits")
                .allow_negative_numbers(true)
                .value_parser(move |text: &str| price::parse(meter, text));
            command.arg(flag)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PriceFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let prices = Meter::ALL.into_iter().fold(Prices::default(), |prices, meter| {
            match matches.get_one(meter.name()) {
                Some(price) => prices.with(meter, *price),
                None => prices,
            }
        });
        Ok(Self(prices))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
