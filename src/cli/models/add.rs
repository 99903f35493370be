//! `aigne-hub models add`.

use clap::Args;
use hub_domain::ports::{ModelBookError, NewVirtualModel};
use hub_domain::routing::{Fallback, MAX_TARGETS, Snapshot, Strategy, Target, is_model_name};
use hub_domain::vocabulary::CallType;

use super::super::{Failure, Output};
use super::ModelView;
use crate::compose::{Books, CatalogueModel};
use crate::settings::{ProviderSource, RouteTarget, parse_setting};
use crate::snapshot::LoadSnapshot;

/// Add a virtual model: a name of your own for several provider models, of which each call takes one.
///
/// Running servers see it within a second. A call is held for the dearest target that it may reach and charged by
/// the price of the one that answered.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    aigne-hub models add smart --target openai/gpt-5 --target anthropic/claude-sonnet-4-5\n  \
    aigne-hub models add mixed --strategy weighted --target 'openai/gpt-5 weight=3' --target google/gemini-2.5-pro\n  \
    aigne-hub models add quick --target 'groq/llama-3.3-70b-versatile first_content=2s' --target openai/gpt-5-mini\n  \
    aigne-hub models add long --fallback context_length --target local/small --target google/gemini-2.5-pro")]
pub struct Add {
    /// What clients write as `model`
    name: String,
    /// `provider/model`; behind it weight=N (of weighted; 0 only stands by) and time-outs of one try: first_byte=TIME,
    /// first_content=TIME, idle=TIME, total=TIME. Repeat it, in the order in which they are tried
    #[arg(long = "target", value_name = "TARGET", required = true, value_parser = target)]
    targets: Vec<Target>,
    /// ordered: the first one that is well; weighted: each as often as it weighs
    #[arg(long, default_value = "ordered", value_parser = parse_setting::<Strategy>)]
    strategy: Strategy,
    /// What leads to the next target: errors, timeouts, context_length, with commas between them; or none
    #[arg(long, default_value = "errors,timeouts,context_length", value_parser = parse_setting::<Fallback>)]
    fallback: Fallback,
    /// Change the one of this name, where there is one
    #[arg(long)]
    replace: bool,
}

fn target(text: &str) -> Result<Target, String> {
    parse_setting::<RouteTarget>(text).map(|target| target.0)
}

impl Add {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let snapshot = books.catalogue.load().await?;
        self.check(&snapshot)?;
        let missing: Vec<_> =
            self.targets.iter().filter(|target| !is_priced(&snapshot, &target.model)).collect();
        let missing: Vec<_> = missing.into_iter().map(|target| target.model.clone()).collect();
        let new = NewVirtualModel {
            name: self.name.clone(),
            strategy: self.strategy,
            targets: self.targets,
            fallback: self.fallback,
        };
        let model = books.models.put(new, self.replace).await.map_err(|error| match error {
            ModelBookError::Taken => Failure::refused(format!(
                "there is a virtual model `{}` already; change it with --replace",
                self.name
            )),
            other => other.into(),
        })?;
        let is_shadowed = books
            .catalogue
            .virtual_models()
            .await?
            .iter()
            .any(|found| found.source == ProviderSource::Configuration && found.model.name == model.name);
        let found = CatalogueModel { source: ProviderSource::Database, model, is_shadowed };
        let mut output =
            Output::new(&ModelView::from(&found), format!("virtual model `{}` stands", self.name));
        if is_shadowed {
            output = output.note(format!(
                "one of this name stands in the configuration and goes before it: `{}`",
                self.name
            ));
        }
        Ok(missing.into_iter().fold(output, |output, model| {
            output.note(format!("`{model}` is passed by until it has a price: aigne-hub rates set {model} …"))
        }))
    }

    fn check(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        if !is_model_name(&self.name) {
            let form = "1 to 256 letters, digits or `._:/@+-`, with a letter or digit first and no `..`";
            return Err(Failure::Usage(format!("a model's name is {form}")));
        }
        if self.targets.len() > MAX_TARGETS {
            return Err(Failure::Usage(format!("a virtual model has {MAX_TARGETS} targets at most")));
        }
        let own = self.name.strip_prefix("aignehub/").unwrap_or(&self.name);
        if let Some(provider) = snapshot.named_provider(own) {
            return Err(Failure::refused(format!(
                "`{}` begins with the name of the provider `{}`, so nobody could call it",
                self.name, provider.name
            )));
        }
        let stranger = self.targets.iter().find(|target| snapshot.named_provider(&target.model).is_none());
        match stranger {
            Some(target) => Err(Failure::refused(format!(
                "`{}` does not begin with the name of a provider; see: aigne-hub providers list",
                target.model
            ))),
            None => Ok(()),
        }
    }
}

/// Whether some kind of call can be charged for.
fn is_priced(snapshot: &Snapshot, model: &str) -> bool {
    CallType::ALL.into_iter().any(|call_type| {
        snapshot.resolve(model, call_type, true).is_ok_and(|candidates| !candidates.is_empty())
    })
}
