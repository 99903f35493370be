//! What the operator lets callers reach besides the public internet (`egress.allow`).

use std::net::IpAddr;

/// Networks, and hosts with or without a port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// `10.20.0.0/16`
    Network { address: IpAddr, length: u32 },
    /// `images.internal`, or `localhost:9000` for that port alone.
    Host { name: String, port: Option<u16> },
}

impl Allowed {
    /// Entries with commas between them; `None` when one can't be read.
    pub fn parse(text: &str) -> Option<Self> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(Entry::parse).collect::<Option<_>>().map(Self)
    }

    /// Whether this host may be reached at a port that is none of the web's.
    pub fn names_port(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|entry| {
            matches!(entry, Entry::Host { name, port: Some(allowed) } if name == host && *allowed == port)
        })
    }

    /// Whether this address may be reached though it is not public.
    pub fn covers(&self, host: &str, port: u16, address: IpAddr) -> bool {
        self.0.iter().any(|entry| match entry {
            Entry::Network { address: network, length } => is_in(address, *network, *length),
            Entry::Host { name, port: allowed } => {
                name == host && allowed.is_none_or(|allowed| allowed == port)
            }
        })
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, entry) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            match entry {
                Entry::Network { address, length } => write!(f, "{address}/{length}")?,
                Entry::Host { name, port: None } => f.write_str(name)?,
                Entry::Host { name, port: Some(port) } => write!(f, "{name}:{port}")?,
            }
        }
        Ok(())
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some((address, length)) = text.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let length = length.parse().ok().filter(|length| *length <= bits(address))?;
            return Some(Self::Network { address, length });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Network { address, length: bits(address) });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[]:".contains(&byte);
        let fits = !name.is_empty() && name.bytes().all(is_name);
        fits.then(|| Self::Host { name: name.to_ascii_lowercase(), port })
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_in(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address.to_canonical(), network.to_canonical()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.checked_shr(32_u32.saturating_sub(length)).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.checked_shr(128_u32.saturating_sub(length)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allowed: &str, host: &str, port: u16, address: &str) -> bool {
        Allowed::parse(allowed).unwrap().covers(host, port, address.parse().unwrap())
    }

    #[test]
    fn a_network_covers_its_addresses_whatever_their_names() {
        assert!(covers("10.20.0.0/16", "images.test", 443, "10.20.255.1"));
        assert!(covers("10.20.0.0/16", "images.test", 443, "::ffff:10.20.0.1"));
        assert!(!covers("10.20.0.0/16", "images.test", 443, "10.21.0.1"));
        assert!(covers("fd00::/8", "x", 80, "fd12::1") && !covers("fd00::/8", "x", 80, "fe80::1"));
        assert!(covers("0.0.0.0/0", "x", 80, "127.0.0.1") && covers("127.0.0.1", "x", 80, "127.0.0.1"));
    }

    #[test]
    fn a_host_is_allowed_by_its_name_and_where_a_port_is_named_there_alone() {
        assert!(covers("a.test, localhost:9000", "localhost", 9000, "127.0.0.1"));
        assert!(!covers("localhost:9000", "localhost", 80, "127.0.0.1"));
        assert!(!covers("localhost:9000", "other.test", 9000, "127.0.0.1"));
        assert!(covers("Images.Internal", "images.internal", 443, "10.0.0.1"));
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let text = "10.20.0.0/16, localhost:9000, images.internal";
        assert_eq!(Allowed::parse(text).unwrap().to_string(), text);
        for wrong in ["10.0.0.0/33", "x/8", "a b", "host:port", ":80"] {
            assert_eq!(Allowed::parse(wrong), None, "{wrong}");
        }
    }
}
