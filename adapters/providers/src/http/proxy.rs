//! When provider traffic takes the proxy that the environment names: never to loopback or private
//! addresses. What `NO_PROXY` excludes, the HTTP client leaves out itself.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::{Host, Url};

const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// How long it is remembered what a name stands for.
const REMEMBERED: Duration = Duration::from_secs(60);
const LOOK_UP: Duration = Duration::from_secs(2);

pub struct Proxies {
    named: bool,
    /// Names that were looked up, and whether they take the proxy.
    known: Mutex<HashMap<String, (bool, Instant)>>,
}

impl Proxies {
    pub fn from_environment() -> Self {
        let named =
            VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        Self { named, known: Mutex::default() }
    }

    pub async fn apply_to(&self, url: &Url) -> bool {
        if !self.named {
            return false;
        }
        match url.host() {
            None => false,
            Some(Host::Ipv4(address)) => !is_private(address.into()),
            Some(Host::Ipv6(address)) => !is_private(address.into()),
            Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => false,
            Some(Host::Domain(name)) => {
                self.name_takes_it(name, url.port_or_known_default().unwrap_or(443)).await
            }
        }
    }

    async fn name_takes_it(&self, name: &str, port: u16) -> bool {
        let known = self.known().get(name).copied();
        if let Some((takes, _)) = known.filter(|(_, since)| since.elapsed() < REMEMBERED) {
            return takes;
        }
        let takes = match tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((name, port))).await {
            Ok(Ok(mut addresses)) => !addresses.any(|address| is_private(address.ip())),
            // Behind a proxy outside names are often not known.
            _ => true,
        };
        self.known().insert(name.to_owned(), (takes, Instant::now()));
        takes
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (bool, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_private_v6(address), is_private_v4),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    address.is_loopback() || address.is_private() || address.is_link_local() || first == 0 || shared
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn takes(url: &str, named: bool) -> bool {
        Proxies { named, known: Mutex::default() }.apply_to(&Url::parse(url).unwrap()).await
    }

    #[tokio::test]
    async fn a_proxy_is_never_taken_to_loopback_or_private_addresses() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.20.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0",
            "2130706433",
            "[::1]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "a.localhost",
        ] {
            assert!(!takes(&format!("http://{host}:9/v1"), true).await, "{host}");
        }
    }

    #[tokio::test]
    async fn it_is_taken_to_public_ones_when_the_environment_names_one() {
        for host in ["8.8.8.8", "[2606:4700::1111]", "172.32.0.1"] {
            assert!(takes(&format!("https://{host}/v1"), true).await, "{host}");
            assert!(!takes(&format!("https://{host}/v1"), false).await, "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_left_to_the_proxy() {
        assert!(takes("https://nowhere.invalid/v1", true).await);
    }
}
