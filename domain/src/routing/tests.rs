use super::*;
use crate::ids::RateId;
use crate::meter::Meter;
use crate::money::Credits;
use crate::rates::Prices;

const CHAT: CallType = CallType::ChatCompletion;

fn provider(name: &str, models: &[&str]) -> Provider {
    let listed = |model: &&str| ListedModel {
        name: Arc::from(*model),
        call_type: CHAT,
        max_input_tokens: None,
        max_output_tokens: Some(4_096),
    };
    Provider {
        credentials: vec![Credential {
            id: None,
            secret: SecretText::new("sk-1"),
            weight: Credential::WEIGHT,
        }],
        models: models.iter().map(listed).collect(),
        ..Provider::new(name, ProviderKind::OpenAi)
    }
}

fn rate(provider: &str, model: &str) -> Rate {
    Rate {
        id: RateId::new(),
        provider: provider.to_owned(),
        model: model.to_owned(),
        call_type: CHAT,
        version: 1,
        prices: Prices::default().with(Meter::Input, Credits::from_units(1)),
        tiers: Vec::new(),
    }
}

fn snapshot(providers: Vec<Provider>, rates: Vec<Rate>) -> Snapshot {
    Snapshot::new(1, providers, rates)
}

/// `provider/model` that a name means.
fn served(snapshot: &Snapshot, name: &str) -> Result<String, CallError> {
    let candidates = snapshot.resolve(name, CHAT, true)?;
    Ok(format!("{}/{}", candidates[0].provider.name, candidates[0].model))
}

fn assert_served(snapshot: &Snapshot, name: &str, expected: &str) {
    assert_eq!(served(snapshot, name).as_deref(), Ok(expected), "{name}");
}

fn assert_unknown(snapshot: &Snapshot, name: &str) {
    let model = name.to_owned();
    assert_eq!(served(snapshot, name), Err(CallError::ModelNotFound { model }), "{name}");
}

/// OpenAI with two priced models, and a local server with one.
fn two_providers() -> Snapshot {
    snapshot(
        vec![
            provider("openai", &["gpt-5", "shared"]),
            provider("local", &["meta-llama/Llama-4", "shared", "qwen:8b"]),
        ],
        vec![
            rate("openai", "gpt-5"),
            rate("openai", "shared"),
            rate("local", "meta-llama/Llama-4"),
            rate("local", "shared"),
            rate("local", "qwen:8b"),
        ],
    )
}

#[test]
fn what_stands_before_the_first_slash_is_the_provider() {
    let snapshot = two_providers();
    assert_served(&snapshot, "openai/gpt-5", "openai/gpt-5");
    assert_served(&snapshot, "OpenAI/gpt-5", "openai/gpt-5");
    assert_served(&snapshot, "local/meta-llama/Llama-4", "local/meta-llama/Llama-4");
}

#[test]
fn without_a_slash_the_first_colon_does_the_same() {
    let snapshot = two_providers();
    assert_served(&snapshot, "openai:gpt-5", "openai/gpt-5");
    assert_served(&snapshot, "local:qwen:8b", "local/qwen:8b");
    assert_unknown(&snapshot, "openai:gpt-5/x");
}

#[test]
fn a_name_without_a_configured_provider_is_a_model_as_a_whole() {
    let snapshot = two_providers();
    assert_served(&snapshot, "meta-llama/Llama-4", "local/meta-llama/Llama-4");
    assert_served(&snapshot, "qwen:8b", "local/qwen:8b");
    assert_unknown(&snapshot, "nobody/gpt-5");
    assert_unknown(&snapshot, "openai/");
}

#[test]
fn the_hubs_own_prefix_is_stripped() {
    let snapshot = two_providers();
    assert_served(&snapshot, "aignehub/openai/gpt-5", "openai/gpt-5");
    assert_served(&snapshot, "aignehub/gpt-5", "openai/gpt-5");
    assert_unknown(&snapshot, "aignehub/");
}

#[test]
fn google_is_called_gemini_too_unless_somebody_else_is() {
    let google = || (provider("google", &["flash"]), rate("google", "flash"));
    let gemini = || (provider("Gemini", &["flash"]), rate("gemini", "flash"));
    let only_google = snapshot(vec![google().0], vec![google().1]);
    assert_served(&only_google, "gemini/flash", "google/flash");
    let both = snapshot(vec![google().0, gemini().0], vec![google().1, gemini().1]);
    assert_served(&both, "gemini/flash", "Gemini/flash");
    assert_served(&both, "google/flash", "google/flash");
    let only_gemini = snapshot(vec![gemini().0], vec![gemini().1]);
    assert_served(&only_gemini, "gemini/flash", "Gemini/flash");
}

/// The routes of a name, in their order.
fn routes_of(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let candidates = snapshot.resolve(name, CHAT, true).unwrap();
    routes(&candidates).map(|one| format!("{}/{}", one.provider.name, one.model)).collect()
}

#[test]
fn providers_of_a_bare_name_take_turns_and_stand_in_for_each_other() {
    let snapshot = two_providers();
    let turns: Vec<_> = (0..4).map(|_| routes_of(&snapshot, "shared")).collect();
    let (one, other) = (["openai/shared", "local/shared"], ["local/shared", "openai/shared"]);
    assert_eq!(turns, [one, other, one, other]);
    let fallback = snapshot.resolve("shared", CHAT, true).unwrap()[0].route.fallback;
    assert!(fallback.errors && fallback.timeouts && !fallback.context_length);
}

#[test]
fn a_provider_can_be_kept_for_those_who_name_it() {
    let snapshot = two_providers().with_named_only(vec!["LOCAL".to_owned()]);
    for _ in 0..3 {
        assert_eq!(routes_of(&snapshot, "shared"), ["openai/shared"]);
    }
    assert_served(&snapshot, "local/shared", "local/shared");
    assert_served(&snapshot, "qwen:8b", "local/qwen:8b");
}

fn target(model: &str, weight: u32) -> Target {
    Target { model: model.to_owned(), weight, timeouts: TargetTimeouts::default() }
}

fn virtual_model(name: &str, strategy: Strategy, targets: &[(&str, u32)]) -> VirtualModel {
    VirtualModel {
        name: Arc::from(name),
        strategy,
        targets: targets.iter().map(|(model, weight)| target(model, *weight)).collect(),
        fallback: Fallback::ALL,
        created: 0,
    }
}

#[test]
fn a_virtual_model_stands_for_its_targets_in_their_order() {
    let both = [("openai/gpt-5", 1), ("local/qwen:8b", 1), ("local/gone", 1)];
    let ordered = virtual_model("smart", Strategy::Ordered, &both);
    let snapshot = two_providers().with_virtual_models(vec![ordered]);
    for name in ["smart", "aignehub/smart", "smart"] {
        assert_eq!(routes_of(&snapshot, name), ["openai/gpt-5", "local/qwen:8b"], "{name}");
    }
    assert_unknown(&snapshot, "Smart");
}

#[test]
fn a_virtual_models_targets_are_first_as_often_as_they_weigh() {
    let weighted = virtual_model("mixed", Strategy::Weighted, &[("openai/gpt-5", 3), ("local/qwen:8b", 1)]);
    let snapshot = two_providers().with_virtual_models(vec![weighted]);
    let firsts: Vec<_> = (0..8).map(|_| routes_of(&snapshot, "mixed")[0].clone()).collect();
    assert_eq!(firsts.iter().filter(|first| *first == "openai/gpt-5").count(), 6);
    assert_eq!(routes_of(&snapshot, "mixed").len(), 2, "the others stand by");
}

#[test]
fn a_target_that_can_not_be_called_is_left_out_and_the_last_one_says_why() {
    let disabled = Provider { enabled: false, ..provider("openai", &["gpt-5"]) };
    let rates = || vec![rate("openai", "gpt-5"), rate("local", "qwen:8b")];
    let models = vec![
        virtual_model("two", Strategy::Ordered, &[("openai/gpt-5", 1), ("local/qwen:8b", 1)]),
        virtual_model("one", Strategy::Ordered, &[("openai/gpt-5", 1)]),
        virtual_model("gone", Strategy::Ordered, &[("removed/model", 1)]),
    ];
    let snapshot =
        snapshot(vec![disabled, provider("local", &["qwen:8b"])], rates()).with_virtual_models(models);
    assert_eq!(routes_of(&snapshot, "two"), ["local/qwen:8b"]);
    for name in ["one", "gone"] {
        let model = name.to_owned();
        assert_eq!(served(&snapshot, name), Err(CallError::ProviderUnavailable { model }));
    }
    let refused = snapshot.resolve("two", CallType::Embedding, true).err();
    assert!(matches!(refused, Some(CallError::ModelNotPriced { .. })), "{refused:?}");
}

#[test]
fn a_targets_time_outs_go_before_its_providers() {
    let seconds = |count| Some(Duration::from_secs(count));
    let mut own = virtual_model("quick", Strategy::Ordered, &[("openai/gpt-5", 1)]);
    own.targets[0].timeouts =
        TargetTimeouts { first_byte: seconds(2), first_content: seconds(4), idle: None, total: seconds(9) };
    let snapshot = two_providers().with_virtual_models(vec![own]);
    let route = snapshot.resolve("quick", CHAT, true).unwrap()[0].route;
    let provider = ProviderTimeouts::default();
    assert_eq!(route.timeouts, ProviderTimeouts { first_byte: Duration::from_secs(2), ..provider });
    assert_eq!((route.first_content, route.total), (seconds(4), seconds(9)));
}

#[test]
fn a_configured_provider_goes_before_a_virtual_model_of_the_same_beginning() {
    let shadow = virtual_model("openai/gpt-5", Strategy::Ordered, &[("local/qwen:8b", 1)]);
    let team = virtual_model("team/smart", Strategy::Ordered, &[("local/qwen:8b", 1)]);
    let snapshot = two_providers().with_virtual_models(vec![shadow, team]);
    assert_served(&snapshot, "openai/gpt-5", "openai/gpt-5");
    assert_served(&snapshot, "team/smart", "local/qwen:8b");
}

#[test]
fn a_bare_name_passes_by_providers_that_can_not_be_called() {
    let disabled = Provider { enabled: false, ..provider("local", &["shared"]) };
    let without_key = Provider { credentials: Vec::new(), ..provider("spare", &["shared"]) };
    let rates = || vec![rate("openai", "shared"), rate("local", "shared"), rate("spare", "shared")];
    let one_works = vec![disabled.clone(), without_key, provider("openai", &["shared"])];
    assert_served(&snapshot(one_works, rates()), "shared", "openai/shared");

    let refused = served(&snapshot(vec![disabled], rates()), "shared");
    assert_eq!(refused, Err(CallError::ProviderUnavailable { model: "shared".to_owned() }));
}

#[test]
fn a_model_is_known_by_the_catalogue_or_by_a_rate() {
    let snapshot = snapshot(
        vec![provider("openai", &["listed"]), provider("any", &[])],
        vec![rate("openai", "rated"), rate("any", "*")],
    );
    assert_served(&snapshot, "openai/rated", "openai/rated");
    assert_served(&snapshot, "rated", "openai/rated");
    assert_served(&snapshot, "any/whatever", "any/whatever");
    assert_served(&snapshot, "any/org/whatever", "any/org/whatever");
    let model = "openai/listed".to_owned();
    assert_eq!(served(&snapshot, "openai/listed"), Err(CallError::ModelNotPriced { model }));
    assert_unknown(&snapshot, "openai/neither");
}

#[test]
fn a_bare_name_that_nobody_lists_goes_to_who_prices_everything() {
    let providers = || vec![provider("openai", &["gpt-5"]), provider("any", &[])];
    let rates = || vec![rate("openai", "gpt-5"), rate("any", "*")];
    let one = snapshot(providers(), rates());
    assert_served(&one, "gpt-5", "openai/gpt-5");
    assert_served(&one, "whatever", "any/whatever");
    assert_unknown(&one, "nobody/whatever");

    let also_openai = rates().into_iter().chain([rate("openai", "*")]).collect();
    let both = snapshot(providers(), also_openai);
    let mut firsts =
        [routes_of(&both, "whatever"), routes_of(&both, "whatever")].map(|mut all| all.remove(0));
    firsts.sort_unstable();
    assert_eq!(firsts, ["any/whatever", "openai/whatever"]);
}

#[test]
fn a_models_own_rate_goes_before_that_for_all() {
    let (own, any) = (rate("OpenAI", "gpt-5"), rate("openai", "*"));
    let snapshot = snapshot(vec![provider("openai", &[])], vec![any.clone(), own.clone()]);
    let rate_of = |name| snapshot.resolve(name, CHAT, true).unwrap()[0].rate.clone().unwrap();

    assert_eq!(*rate_of("openai/gpt-5"), own, "a provider's name is the same in any case");
    assert_eq!(*rate_of("openai/other"), any);
}

#[test]
fn a_model_that_is_priced_for_other_calls_only_is_told_so() {
    let snapshot = two_providers();
    let model = "openai/gpt-5".to_owned();
    let refused = snapshot.resolve(&model, CallType::Embedding, true).err();
    assert_eq!(refused, Some(CallError::ModelNotPriced { model }));
}

#[test]
fn where_nothing_is_charged_no_rate_is_needed() {
    let snapshot = snapshot(vec![provider("openai", &["gpt-5"])], Vec::new());
    for name in ["openai/gpt-5", "gpt-5", "openai/not-listed"] {
        assert!(snapshot.resolve(name, CHAT, false).unwrap()[0].rate.is_none(), "{name}");
    }
    assert!(matches!(snapshot.resolve("nobody", CHAT, false), Err(CallError::ModelNotFound { .. })));
}

#[test]
fn each_credential_is_a_candidate_in_its_turn() {
    let key = |secret: &str| Credential {
        id: Some(CredentialId::new()),
        secret: SecretText::new(secret),
        weight: Credential::WEIGHT,
    };
    let credentials = vec![key("sk-1"), key("sk-2"), key("sk-3")];
    let openai = Provider { credentials: credentials.clone(), ..provider("openai", &["gpt-5"]) };
    let candidates =
        snapshot(vec![openai], vec![rate("openai", "gpt-5")]).resolve("gpt-5", CHAT, true).unwrap();

    let order: Vec<_> = candidates.iter().map(|one| one.credential.as_ref().and_then(|key| key.id)).collect();
    assert_eq!(order, credentials.iter().map(|key| key.id).collect::<Vec<_>>());
    assert!(candidates.iter().all(|one| one.max_output_tokens == Some(4_096)));
}

#[test]
fn a_simulated_provider_needs_no_credential() {
    let sim =
        Provider { kind: ProviderKind::Simulated, credentials: Vec::new(), ..provider("sim", &["fast"]) };
    let candidates = snapshot(vec![sim], vec![rate("sim", "fast")]).resolve("sim/fast", CHAT, true).unwrap();
    assert_eq!(candidates.len(), 1);
    assert!(candidates[0].credential.is_none());
}

#[test]
fn a_provider_that_can_not_be_called_is_told_apart_from_an_unknown_model() {
    let disabled = Provider { enabled: false, ..provider("openai", &["gpt-5"]) };
    let snapshot = snapshot(vec![disabled], vec![rate("openai", "gpt-5")]);
    let model = "openai/gpt-5".to_owned();
    assert_eq!(served(&snapshot, &model), Err(CallError::ProviderUnavailable { model: model.clone() }));
    assert_unknown(&snapshot, "openai/unknown");
}

#[test]
fn a_name_has_letters_digits_and_a_few_signs() {
    let snapshot = snapshot(vec![provider("any", &[])], vec![rate("any", "*")]);
    let longest = format!("any/{}", "x".repeat(252));
    for name in ["any/a", "any/A.b_c:d@e+f-g", longest.as_str()] {
        assert!(served(&snapshot, name).is_ok(), "{name}");
    }
    let too_long = format!("{longest}x");
    for name in ["", "/a", "-a", "any/a b", "any/ü", "any/../b", "any/a\n", "any/a%2Fb", too_long.as_str()] {
        let refused = served(&snapshot, name);
        assert!(
            matches!(refused, Err(CallError::InvalidRequest { code: "invalid_model_name", .. })),
            "{name:?}: {refused:?}"
        );
    }
}
