use std::io::Write;

use super::*;

fn load(variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Configuration, SettingsError> {
    load_file(None, variables, flags)
}

fn load_file(
    file: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Configuration, SettingsError> {
    let written = file.map(|text| {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    });
    let overrides = Overrides {
        file: written.as_ref().map(|file| file.path().to_owned()),
        values: flags.iter().map(|(key, value)| ((*key).into(), (*value).into(), "--set".into())).collect(),
    };
    Configuration::load(&overrides, Environment::new(variables.iter().copied()))
}

fn refusal(result: Result<Configuration, SettingsError>) -> String {
    let line = result.unwrap_err().to_string();
    assert!(!line.contains('\n'), "one line: {line}");
    line
}

/// `config.toml` with its commented examples switched on.
fn with_examples() -> String {
    let uncommented = DEFAULTS.lines().map(|line| match line.strip_prefix("#! ") {
        Some(example) => example,
        None => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

fn paths(tree: &serde_json::Value) -> Vec<String> {
    let mut paths: Vec<_> = flatten(tree).into_iter().map(|(key, _)| key).collect();
    paths.sort();
    paths
}

#[test]
fn every_setting_stands_in_config_toml_and_the_other_way_round() {
    let loaded = load(&[], &[]).unwrap();
    let written: serde_json::Value = toml::from_str(DEFAULTS).unwrap();
    let mut written = paths(&written);
    written.retain(|key| !key.starts_with("providers."));
    let mut read = paths(&loaded.masked());
    read.retain(|key| key != "providers");
    assert_eq!(written, read);
}

#[test]
fn every_key_of_a_provider_stands_in_the_example() {
    let text = with_examples();
    let example: serde_json::Value = toml::from_str(&text).unwrap();
    let blank = serde_json::to_value(ProviderSettings::blank()).unwrap();
    assert_eq!(paths(&example["providers"]["local"]), paths(&blank));
    load_file(Some(&text), &[], &[]).unwrap();
}

#[test]
fn every_setting_has_a_comment() {
    let mut commented = false;
    for line in DEFAULTS.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(commented, "no comment above `{line}`");
        }
        commented = line.starts_with('#') || (commented && line.contains(" = "));
    }
}

#[test]
fn flags_win_over_environment_over_file_over_built_in() {
    let file = "[server]\nlisten = \"127.0.0.1:2\"\nworkers = 2\nbacklog = 2\n";
    let variables = [("HUB__SERVER__LISTEN", "127.0.0.1:3"), ("HUB__SERVER__WORKERS", "3")];
    let loaded = load_file(Some(file), &variables, &[("server.listen", "127.0.0.1:4")]).unwrap();
    let server = &loaded.settings.server;
    assert_eq!(server.listen.port(), 4);
    assert_eq!(*server.workers, 3);
    assert_eq!(server.backlog.get(), 2);
    assert_eq!(server.max_connections.get(), 20_000);
}

#[test]
fn an_unknown_variable_is_named_with_what_there_is() {
    let line = refusal(load(&[("HUB__SERVER__LISTN", "127.0.0.1:3")], &[]));
    assert!(line.starts_with("server.listn (in HUB__SERVER__LISTN): there is no such setting"), "{line}");
    assert!(line.contains("backlog") && line.contains("listen"), "{line}");
}

#[test]
fn an_unknown_section_is_named() {
    let line = refusal(load_file(Some("[servers]\nlisten = \"127.0.0.1:3\"\n"), &[], &[]));
    assert!(line.starts_with("servers (in "), "{line}");
    assert!(line.contains("billing"), "{line}");
}

#[test]
fn an_unknown_flag_is_named() {
    let line = refusal(load(&[], &[("billing.currency", "EUR")]));
    assert!(line.starts_with("billing.currency (in --set)"), "{line}");
}

#[test]
fn a_bad_value_is_named_with_what_is_accepted() {
    for (variable, value, key, accepts) in [
        ("HUB__SERVER__LISTEN", "8080", "server.listen", "an IP address and a port"),
        ("HUB__SERVER__BASE_PATH", "/a b", "server.base_path", "segments"),
        ("HUB__SERVER__BODY_LIMIT", "30", "server.body_limit", "a size such as"),
        ("HUB__STORAGE__DURABILITY", "sometimes", "storage.durability", "`normal` or `full`"),
        ("HUB__STORAGE__URL", "mysql://localhost/hub", "storage.url", "`sqlite:///path/hub.db`"),
        ("HUB__LEASE__TTL", "30", "lease.ttl", "a duration such as `30s`"),
        ("HUB__LEASE__TTL", "10ms", "lease.ttl", "at least `1s`"),
        ("HUB__BILLING__MODE", "free", "billing.mode", "`ledger` or `payment-kit` or `off`"),
        ("HUB__BILLING__UNCAPPED_SHARE_PERCENT", "101", "billing.uncapped_share_percent", "from 1 to 100"),
        ("HUB__BOOTSTRAP__CREDITS", "-1", "bootstrap.credits", "an amount of credits"),
        ("HUB__RETRY__MAX_ATTEMPTS", "0", "retry.max_attempts", "a whole number from 1"),
        ("HUB__TIMEOUTS__IDLE", "0s", "timeouts.idle", "more than `0s`"),
        ("HUB__LOG__FORMAT", "xml", "log.format", "`pretty` or `json`"),
        ("RUST_LOG", "a=b=c", "log.filter", "a filter such as `info`"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "telemetry.otlp_endpoint", "`http://`"),
    ] {
        let line = refusal(load(&[(variable, value)], &[]));
        assert!(line.starts_with(&format!("{key} (in {variable}): ")), "{line}");
        assert!(line.contains(accepts), "{line}");
    }
}

#[test]
fn a_secret_of_the_wrong_form_is_named_and_not_repeated() {
    for (variable, value, key) in [
        ("HUB__BOOTSTRAP__ACCESS_KEY", "bootstrap.key-0123456789", "bootstrap.access_key"),
        ("HUB__SECRETS__MASTER_KEY", "0123456789abcdef0123456789abcdef", "secrets.master_key"),
    ] {
        let line = refusal(load(&[(variable, value)], &[]));
        assert!(line.starts_with(&format!("{key} (in {variable}): ")), "{line}");
        assert!(!line.contains(value), "{line}");
    }
}

#[test]
fn a_section_given_as_a_value_is_refused() {
    let line = refusal(load(&[("HUB__SERVER", "127.0.0.1:3")], &[]));
    assert!(line.starts_with("server (in HUB__SERVER): is a section"), "{line}");
}

#[test]
fn payment_kit_mode_says_that_it_is_not_built_yet() {
    let line = refusal(load(&[("HUB__BILLING__MODE", "payment-kit")], &[]));
    assert!(line.contains("billing.mode") && line.contains("not built yet"), "{line}");
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line() {
    let line = refusal(load_file(Some("[server]\nlisten = \n"), &[], &[]));
    assert!(line.contains(".toml: ") && line.contains("line 2"), "{line}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let overrides = Overrides { file: Some("absent.toml".into()), values: Vec::new() };
    let line = Configuration::load(&overrides, Environment::default()).unwrap_err().to_string();
    assert!(line.starts_with("absent.toml: "), "{line}");
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let loaded = load(&[("HUB__SERVER__LISTEN", ""), ("HUB__INSTANCE__ID", "")], &[]).unwrap();
    assert_eq!(loaded.settings.server.listen.to_string(), "127.0.0.1:8080");
    assert!(loaded.settings.instance.id.is_none());
}

#[test]
fn names_that_others_gave_work_and_ours_win() {
    let foreign = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let endpoint = |loaded: Configuration| loaded.settings.telemetry.otlp_endpoint.0.unwrap().show();
    assert_eq!(endpoint(load(&[foreign], &[]).unwrap()), "http://collector:4318/");
    let ours = ("HUB__TELEMETRY__OTLP_ENDPOINT", "http://mine:4318");
    assert_eq!(endpoint(load(&[foreign, ours], &[]).unwrap()), "http://mine:4318/");
}

#[test]
fn a_provider_can_stand_in_the_environment_alone() {
    let variables = [
        ("HUB__PROVIDERS__LOCAL__KIND", "openai"),
        ("HUB__PROVIDERS__LOCAL__BASE_URL", "http://127.0.0.1:11434/v1"),
        ("HUB__PROVIDERS__LOCAL__MODELS", "llama3.1, qwen2.5"),
        ("HUB__PROVIDERS__LOCAL__TIMEOUTS__FIRST_BYTE", "5m"),
    ];
    let loaded = load(&variables, &[]).unwrap();
    let local = &loaded.settings.providers["local"];
    assert_eq!(local.models.0.0, ["llama3.1", "qwen2.5"]);
    assert_eq!(local.timeouts.first_byte.unwrap().as_secs(), 300);
}

#[test]
fn a_provider_is_checked_like_the_rest() {
    let missing = refusal(load_file(Some("[providers.local]\nmodels = [\"a\"]\n"), &[], &[]));
    assert!(missing.starts_with("providers.local.kind: is missing"), "{missing}");
    let unknown = refusal(load_file(Some("[providers.local]\nkind = \"openai\"\nkey = \"sk\"\n"), &[], &[]));
    assert!(unknown.starts_with("providers.local.key (in "), "{unknown}");
    let name = refusal(load_file(Some("[providers.Local]\nkind = \"openai\"\n"), &[], &[]));
    assert!(name.starts_with("providers.Local (in "), "{name}");
    let nested = refusal(load(&[("HUB__PROVIDERS__LOCAL__TIMEOUTS__TOTL", "1s")], &[]));
    assert!(
        nested.starts_with("providers.local.timeouts.totl (in HUB__PROVIDERS__LOCAL__TIMEOUTS__TOTL)"),
        "{nested}"
    );
}

#[test]
fn secrets_are_masked_where_settings_are_shown() {
    let variables = [
        ("HUB__BOOTSTRAP__ACCESS_KEY", "bootstrap-key-0123456789"),
        ("HUB__SECRETS__MASTER_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ("HUB__STORAGE__URL", "postgres://hub:tr0ub4dor@localhost/hub"),
        ("HUB__TELEMETRY__OTLP_ENDPOINT", "http://user:tr0ub4dor@collector:4318"),
    ];
    let loaded = load(&variables, &[]).unwrap();
    let shown = format!("{:?}{}", loaded.entries(), loaded.masked());
    for secret in ["bootstrap-key", "0123456789abcdef", "tr0ub4dor"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("…6789"), "the tail tells keys apart");
    assert!(!format!("{:?}", loaded.settings).contains("bootstrap-key"));
}

#[test]
fn a_refused_secret_is_not_repeated() {
    let line = refusal(load(&[("HUB__BOOTSTRAP__ACCESS_KEY", "tr0ub4dor")], &[]));
    assert!(line.starts_with("bootstrap.access_key (in HUB__BOOTSTRAP__ACCESS_KEY)"), "{line}");
    assert!(!line.contains("tr0ub4dor"), "{line}");
}

#[test]
fn an_entry_says_where_it_is_from() {
    let loaded = load(&[("HUB__LEASE__TTL", "3s")], &[]).unwrap();
    let entries = loaded.entries();
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).unwrap().clone();
    assert_eq!(entry("lease.ttl").origin.as_deref(), Some("HUB__LEASE__TTL"));
    assert_eq!(entry("lease.ttl").value, "3s");
    assert_eq!(entry("retry.max_attempts").origin, None);
}
