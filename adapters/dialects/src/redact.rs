//! Texts of upstreams, made fit to be shown: without keys, addresses and hosts, and short.

/// Bytes of a message, at most.
const MAX_MESSAGE: usize = 512;
/// More is not looked at.
const MAX_INPUT: usize = 8 * 1024;

/// How secrets begin: keys of OpenAI and its kind, Google, AWS, GitHub, Groq, xAI, and organisations.
const SECRETS: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "rk-",
    "org-",
    "proj_",
    "proj-",
    "user-",
    "AIza",
    "AKIA",
    "ASIA",
    "ghp_",
    "gsk_",
    "xai-",
    "blocklet-",
    "eyJ",
    "req_",
    "asst_",
    "Bearer",
];

/// Endings of hosts. Names of fields have dots too, so that not every dot makes a host.
const ENDINGS: &[&str] = &[
    "com",
    "net",
    "org",
    "io",
    "ai",
    "dev",
    "app",
    "cloud",
    "co",
    "cn",
    "eu",
    "de",
    "uk",
    "us",
    "me",
    "sh",
    "internal",
    "local",
    "localhost",
    "lan",
    "svc",
    "cluster",
    "corp",
    "intra",
    "home",
];

/// One line that a client may see.
pub(crate) fn message(text: &str) -> String {
    let text = &text[..boundary(text, MAX_INPUT)];
    let mut shown = String::with_capacity(text.len().min(MAX_MESSAGE));
    let mut after_bearer = false;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        if std::mem::replace(&mut after_bearer, core(word).eq_ignore_ascii_case("bearer")) {
            shown.push_str("[…]");
        } else {
            push_word(word, &mut shown);
        }
        if shown.len() > MAX_MESSAGE {
            shown.truncate(boundary(&shown, MAX_MESSAGE));
            shown.push('…');
            break;
        }
    }
    shown
}

/// A short code or the name of a field, or nothing.
pub(crate) fn code(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    (!text.is_empty() && text.len() <= 128 && text.chars().all(is_plain) && !is_secret(text))
        .then(|| text.to_owned())
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

const WRAPPING: &[char] =
    &['"', '\'', '`', '(', ')', '<', '>', ',', ';', '!', '?', '{', '}', '[', ']', '“', '”', '‘', '’'];

/// A word without what is written around it.
fn core(word: &str) -> &str {
    word.trim_matches(WRAPPING).trim_end_matches(['.', ':'])
}

/// Judges the pieces between marks, such as the value in `key="sk-…"`.
fn push_word(word: &str, into: &mut String) {
    if word.contains("://") || word.starts_with("//") {
        into.push_str("[…]");
        return;
    }
    let mut rest = word;
    while let Some(start) = rest.find(|c: char| !is_mark(c)) {
        into.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(is_mark).unwrap_or(rest.len());
        let piece = rest[..end].trim_end_matches(['.', ':']);
        into.push_str(if is_secret(piece) || is_address(piece) { "[…]" } else { piece });
        into.push_str(&rest[piece.len()..end]);
        rest = &rest[end..];
    }
    into.push_str(rest);
}

fn is_mark(c: char) -> bool {
    WRAPPING.contains(&c) || c == '=' || c == '/' || c == '@' || c == '\\' || c == '|'
}

fn is_secret(piece: &str) -> bool {
    let begins = SECRETS.iter().any(|start| {
        piece.len() > start.len() + 3
            && piece.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    });
    // Long words of mixed letters and digits are ids or keys of some kind.
    let is_opaque = piece.len() >= 32
        && piece.bytes().any(|byte| byte.is_ascii_digit())
        && piece.bytes().any(|byte| byte.is_ascii_alphabetic())
        && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+*".contains(&byte));
    begins || is_opaque
}

fn is_address(piece: &str) -> bool {
    let (host, port) = match piece.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, true)
        }
        _ => (piece, false),
    };
    let is_ip = piece.parse::<std::net::IpAddr>().is_ok() || host.parse::<std::net::IpAddr>().is_ok();
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_host = labels.iter().all(is_label)
        && labels.last().is_some_and(|last| {
            last.bytes().any(|byte| byte.is_ascii_alphabetic())
                && (ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending)) && labels.len() > 1)
        });
    let is_local = host.eq_ignore_ascii_case("localhost");
    let has_port = port && labels.iter().all(is_label) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_ip || is_host || is_local || has_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_addresses_are_left_out() {
        for (text, shown) in [
            ("Incorrect API key provided: sk-abc***wxyz.", "Incorrect API key provided: […]."),
            (
                "Rate limit reached in organization org-Ab12Cd34 on requests",
                "Rate limit reached in organization […] on requests",
            ),
            ("see https://platform.openai.com/docs for more", "see […] for more"),
            ("connect to 10.0.0.7:8443 failed", "connect to […] failed"),
            ("upstream gpu-7.cluster.internal: refused", "upstream […]: refused"),
            ("at http://localhost:11434/api", "at […]"),
            ("dial vllm:8000", "dial […]"),
            ("header Authorization: Bearer abcdef", "header Authorization: Bearer […]"),
            ("key=AIzaSyA1234567890 bad", "key=[…] bad"),
            ("mail ops@example.com", "mail ops@[…]"),
            ("token 0123456789abcdef0123456789abcdef", "token […]"),
            ("host 2001:db8::1 down", "host […] down"),
        ] {
            assert_eq!(message(text), shown);
        }
    }

    #[test]
    fn words_about_the_request_stay() {
        for text in [
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
            "Invalid value for 'messages[0].content[1].image_url.url': expected an image.",
            "This model's maximum context length is 128000 tokens. However, you requested 130000 tokens (129000 in the messages, 1000 in the completion).",
            "The model `gpt-4.1-mini` or `openai/o3` does not exist",
            "e.g. use response_format.json_schema.name",
        ] {
            assert_eq!(message(text), text);
        }
    }

    #[test]
    fn a_message_is_one_short_line() {
        let shown = message(&"wörd\n".repeat(10_000));
        assert!(shown.len() <= MAX_MESSAGE + '…'.len_utf8() && !shown.contains('\n'));
    }

    #[test]
    fn a_code_is_plain_or_nothing() {
        assert_eq!(code("rate_limit_exceeded").as_deref(), Some("rate_limit_exceeded"));
        assert_eq!(code("messages[0].content").as_deref(), Some("messages[0].content"));
        for text in ["", "<b>", "a b", "sk-123456789", &"x".repeat(200)] {
            assert_eq!(code(text), None);
        }
    }
}
