//! The prefix under which a reverse proxy shows the hub.

use std::str::FromStr;

/// A prefix such as `/ai-kit`, or none. Every route answers with it and without it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a base path is `/` or segments of letters, digits, `-`, `_`, `.` or `~`, such as `/ai-kit`")]
pub struct InvalidBasePath;

impl BasePath {
    /// Empty, or `/segment` once or more, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for BasePath {
    type Err = InvalidBasePath;

    fn from_str(text: &str) -> Result<Self, InvalidBasePath> {
        let trimmed = text.trim_matches('/');
        if trimmed.is_empty() {
            return Ok(Self::default());
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let is_segment = |segment: &str| {
            !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(allowed)
        };
        if trimmed.split('/').all(is_segment) {
            Ok(Self(format!("/{trimmed}")))
        } else {
            Err(InvalidBasePath)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_around_a_base_path_do_not_matter() {
        for text in ["ai-kit", "/ai-kit", "/ai-kit/"] {
            assert_eq!(text.parse::<BasePath>().unwrap().as_str(), "/ai-kit");
        }
        assert!("/".parse::<BasePath>().unwrap().is_none());
    }

    #[test]
    fn a_base_path_that_could_be_read_in_two_ways_is_refused() {
        for text in ["/a//b", "/a/../b", "/a b", "/{x}", "/a%2fb"] {
            assert_eq!(text.parse::<BasePath>(), Err(InvalidBasePath), "{text}");
        }
    }
}
