//! Where a provider is: the address before `/chat/completions`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hub_domain::error::{ProviderError, UpstreamClass};
use url::Url;

/// Addresses that were parsed before.
#[derive(Default)]
pub struct BaseUrls(RwLock<HashMap<String, Arc<BaseUrl>>>);

/// Providers are fewer; changed addresses are forgotten with the rest.
const MOST_ADDRESSES: usize = 1024;

impl BaseUrls {
    /// [`BaseUrl::parse`], once for each text.
    pub fn get(&self, text: &str) -> Option<Arc<BaseUrl>> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Some(Arc::clone(known));
        }
        let parsed = Arc::new(BaseUrl::parse(text)?);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_ADDRESSES {
            known.clear();
        }
        known.insert(text.to_owned(), Arc::clone(&parsed));
        Some(parsed)
    }

    /// The same for a call that can't do without.
    pub fn require(&self, text: &str) -> Result<Arc<BaseUrl>, ProviderError> {
        self.get(text).ok_or_else(|| {
            ProviderError::new(
                UpstreamClass::Transport,
                "the provider's base URL is no http or https address",
                false,
            )
        })
    }
}

pub struct BaseUrl(Url);

/// Endings that people paste along.
const METHODS: [&str; 5] = ["/chat/completions", "/embeddings", "/responses", "/messages", "/models"];

impl BaseUrl {
    /// `None` for what is no http(s) address, or carries a user or password.
    pub fn parse(text: &str) -> Option<Self> {
        let mut url = Url::parse(text.trim()).ok()?;
        let fits = matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none();
        if !fits {
            return None;
        }
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/');
        let path = METHODS.iter().find_map(|method| path.strip_suffix(method)).unwrap_or(path);
        let path = path.trim_end_matches('/').to_owned();
        url.set_path(&path);
        Some(Self(url))
    }

    /// The address of a method. A prefix of the path and a query (`api-version`) stay.
    pub fn join(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// The address of a method under a version, which people paste along or leave out.
    pub fn versioned(&self, version: &str, path: &[&str]) -> Url {
        let is_there =
            self.0.path_segments().is_some_and(|mut segments| segments.next_back() == Some(version));
        if is_there { self.join(path) } else { self.join(&[&[version], path].concat()) }
    }

    pub fn is_openai(&self) -> bool {
        self.host() == Some("api.openai.com")
    }

    pub fn host(&self) -> Option<&str> {
        self.0.host_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(base: &str) -> String {
        BaseUrl::parse(base).unwrap().join(&["chat", "completions"]).to_string()
    }

    #[test]
    fn a_prefix_of_the_path_stays_and_a_slash_at_the_end_does_not_matter() {
        assert_eq!(chat("https://api.openai.com/v1"), "https://api.openai.com/v1/chat/completions");
        assert_eq!(chat("http://127.0.0.1:9/a/v1//"), "http://127.0.0.1:9/a/v1/chat/completions");
        assert_eq!(chat("http://127.0.0.1:9"), "http://127.0.0.1:9/chat/completions");
    }

    #[test]
    fn a_version_may_be_pasted_along_or_left_out() {
        for base in [
            "https://api.anthropic.com",
            "https://api.anthropic.com/v1",
            "https://api.anthropic.com/v1/messages",
        ] {
            let url = BaseUrl::parse(base).unwrap().versioned("v1", &["messages"]);
            assert_eq!(url.as_str(), "https://api.anthropic.com/v1/messages", "{base}");
        }
    }

    #[test]
    fn a_pasted_method_is_cut_off_and_a_query_stays() {
        assert_eq!(chat("https://x.test/v1/chat/completions"), "https://x.test/v1/chat/completions");
        assert_eq!(chat("https://x.test/v1/responses/"), "https://x.test/v1/chat/completions");
        assert_eq!(
            chat("https://x.test/d?api-version=1#top"),
            "https://x.test/d/chat/completions?api-version=1"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "api.openai.com/v1", "ftp://x.test", "https://user:word@x.test/v1", "file:///v1"] {
            assert!(BaseUrl::parse(text).is_none(), "{text}");
        }
    }
}
