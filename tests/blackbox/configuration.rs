//! Configuration: where settings come from, and how a mistake is told.

use std::time::Duration;

use serde_json::json;

use crate::kit::{Kind, World, alone, play};

/// Programs for which no database is needed.
fn on_its_own(test: impl AsyncFnOnce(&mut World)) {
    alone(Duration::from_secs(60), async { test(&mut World::new(Kind::Sqlite).await).await });
}

#[test]
fn a_mistake_is_one_line_that_names_the_key() {
    on_its_own(async |world: &mut World| {
        for (variable, value, key) in [
            ("HUB__SERVER__LISTN", "127.0.0.1:0", "server.listn"),
            ("HUB__SERVER__LISTEN", "8080", "server.listen"),
            ("HUB__LEASE__TTL", "3", "lease.ttl"),
            ("HUB__STORAGE__URL", "mysql://localhost/hub", "storage.url"),
            ("HUB__STORAGE__DURABILITY", "perhaps", "storage.durability"),
            ("HUB__BILLING__MODE", "free", "billing.mode"),
            ("HUB__BILLING__MODE", "payment-kit", "billing.mode"),
            ("HUB__BOOTSTRAP__ACCESS_KEY", "short", "bootstrap.access_key"),
            ("HUB__BOOTSTRAP__CREDITS", "lots", "bootstrap.credits"),
            ("HUB__LOG__FORMAT", "xml", "log.format"),
            ("HUB__PROVIDERS__FAKE__KIND", "oracle", "providers.fake.kind"),
            ("OPENAI_BASE_URL", "api.openai.com", "OPENAI_BASE_URL"),
        ] {
            let mut environment: Vec<_> =
                world.environment().iter().filter(|(name, _)| name != variable).cloned().collect();
            environment.push((variable.to_owned(), value.to_owned()));
            environment.push(("OPENAI_API_KEY".to_owned(), "sk-one".to_owned()));
            for command in [&["serve"][..], &["config", "check"], &["accounts", "list"], &["audit"]] {
                let refused = crate::kit::run(&world.data_dir("one"), &environment, command).await;
                let told = format!("{variable}={value}: {command:?}: {}{}", refused.stdout, refused.stderr);
                // An audit that could not run has a code of its own.
                assert_eq!(refused.code, if command == ["audit"] { 3 } else { 78 }, "{told}");
                assert_eq!(refused.stderr.trim_end().lines().count(), 1, "{told}");
                assert!(refused.stderr.contains(key), "{told}");
            }
        }
    });
}

#[test]
fn flags_go_before_environment_before_file() {
    on_its_own(async |world: &mut World| {
        let file = world.data_dir("one").join("hub.toml");
        std::fs::write(&file, "[retry]\nmax_attempts = 7\n[drain]\nslots = 7\n[limits]\ncalls = 7\n")
            .unwrap();
        world.set("HUB__DRAIN__SLOTS", "8");
        world.set("HUB__LIMITS__CALLS", "8");
        let file = file.display().to_string();
        let show = ["config", "show", "--json", "--config", &file, "--set", "limits.calls=9"];
        let shown = world.command(&show).await.expect(0).json();
        assert_eq!(shown["retry"]["max_attempts"].to_string().trim_matches('"'), "7");
        assert_eq!(shown["drain"]["slots"].to_string().trim_matches('"'), "8");
        assert_eq!(shown["limits"]["calls"].to_string().trim_matches('"'), "9");
        world.command(&["config", "check", "--config", &file]).await.expect(0);
        std::fs::write(&file, "[retry]\nmax_atempts = 7\n").unwrap();
        let refused = world.command(&["config", "check", "--config", &file]).await.expect(78);
        assert!(refused.stderr.contains("retry.max_atempts") && refused.stderr.contains("hub.toml"));
    });
}

#[test]
fn secrets_are_masked() {
    on_its_own(async |world: &mut World| {
        world.set("HUB__STORAGE__URL", "postgres://hub:tr0ub4dor@localhost/hub");
        for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
            let shown = world.command(arguments).await.expect(0);
            for secret in [crate::kit::KEY, "tr0ub4dor", crate::kit::MASTER_KEY, "sk-fake-one"] {
                assert!(!shown.stdout.contains(secret) && !shown.stderr.contains(secret), "{secret}");
            }
        }
    });
}

#[test]
fn every_command_explains_itself() {
    on_its_own(async |world: &mut World| {
        for line in [
            "serve",
            "migrate",
            "config check",
            "config show",
            "accounts create",
            "accounts list",
            "accounts show",
            "accounts grant",
            "keys create",
            "keys list",
            "keys revoke",
            "providers add",
            "providers list",
            "providers test",
            "providers remove",
            "rates set",
            "rates list",
            "calls list",
            "calls show",
            "audit",
            "doctor",
        ] {
            let arguments: Vec<_> = line.split(' ').chain(["--help"]).collect();
            let help = world.command(&arguments).await.expect(0).stdout;
            assert!(
                help.contains("Examples:") && help.contains(&format!("aigne-hub {line}")),
                "{line}: {help}"
            );
            assert!(help.contains("--json"), "{line}: {help}");
        }
        let rates = world.command(&["rates", "set", "--help"]).await.expect(0).stdout;
        for meter in [
            "input",
            "input-cached",
            "cache-write-5m",
            "cache-write-1h",
            "cache-write",
            "input-audio",
            "input-image",
            "output",
            "output-reasoning",
            "output-audio",
            "output-image",
            "image",
            "second",
            "character",
            "search",
            "call",
        ] {
            assert!(rates.contains(&format!("--{meter} ")), "no flag for {meter}");
        }
        let version = world.command(&["--version"]).await.expect(0).stdout;
        assert!(version.starts_with("aigne-hub "), "{version}");
    });
}

#[test]
fn a_key_in_the_environment_is_enough_for_openai() {
    play(Kind::Sqlite, async |world: &mut World| {
        world.set("OPENAI_API_KEY", "sk-of-openai");
        world.set("OPENAI_BASE_URL", &format!("http://{}/v1/", world.upstream.address));
        let hub = world.start().await;
        let answer = hub.client().chat("openai/gpt-4o-mini").send().await.expect(200);
        assert!(answer.cost().is_some_and(|cost| cost > 0), "the built-in price applies");
        let seen = world.upstream.reached_by("gpt-4o-mini").await;
        assert_eq!(seen.path, "/v1/chat/completions");
        assert_eq!(seen.header("authorization"), Some("Bearer sk-of-openai"));
        // A bare name is enough where one provider has it.
        hub.client().chat("x").with("model", "gpt-4o-mini").send().await.expect(200);
        let models = hub.client().get("/v1/models").send().await.expect(200).json();
        assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "openai/gpt-4o-mini"));
    });
}

#[test]
fn without_a_master_key_one_is_made_and_kept() {
    play(Kind::Sqlite, async |world: &mut World| {
        world.unset("HUB__SECRETS__MASTER_KEY");
        let hub = world.start().await;
        let path = world.data_dir("one").join("master.key");
        let made = std::fs::read(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let ask = hub.client().chat("plain").idempotency_key("k");
        let first = ask.send().await.expect(200);
        hub.stop().await;
        let hub = world.start().await;
        assert_eq!(std::fs::read(&path).unwrap(), made);
        let ask = hub.client().chat("plain").idempotency_key("k");
        assert_eq!(ask.send().await.expect(200).body, first.body, "what was sealed is read again");
        let report = world.command(&["doctor", "--offline", "--json"]).await.expect(0).json();
        let secrets = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "secrets");
        assert!(secrets.unwrap()["message"].as_str().unwrap().contains("master.key"), "{report:#}");
        assert_eq!(report["ok"], json!(true));
    });
}
