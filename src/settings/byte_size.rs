//! Sizes: `30MiB`.

use std::borrow::Cow;

use super::setting::Setting;

/// A number of bytes, more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub usize);

const UNITS: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Setting for ByteSize {
    fn accepts() -> Cow<'static, str> {
        "a size such as `512KiB` or `30MiB`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        let (digits, unit) =
            UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)))?;
        let count: usize = digits.trim_end().parse().ok()?;
        count.checked_mul(*unit).filter(|bytes| *bytes > 0).map(Self)
    }

    fn show(&self) -> String {
        let whole = UNITS.iter().find(|(_, bytes)| self.0.is_multiple_of(*bytes));
        whole.map_or_else(|| self.0.to_string(), |(unit, bytes)| format!("{}{unit}", self.0 / bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_with_its_unit() {
        assert_eq!(ByteSize::parse("30MiB"), Some(ByteSize(30 << 20)));
        assert_eq!(ByteSize::parse("512 KiB"), Some(ByteSize(512 << 10)));
        assert_eq!(ByteSize(30 << 20).show(), "30MiB");
        assert_eq!(ByteSize(1500).show(), "1500B");
    }

    #[test]
    fn a_size_without_a_unit_or_beyond_memory_is_refused() {
        for text in ["30", "30MB", "0MiB", "-1B", "99999999999999GiB"] {
            assert_eq!(ByteSize::parse(text), None, "{text}");
        }
    }
}
