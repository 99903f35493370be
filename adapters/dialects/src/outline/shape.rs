//! Which members an object may have, as far as somebody reads them.

/// Keys of an object, and the shapes of the objects below them. Arrays on the way do not count.
#[derive(Debug)]
pub(crate) struct Shape {
    pub members: &'static [&'static str],
    pub inside: &'static [(&'static str, Shape)],
}

impl Shape {
    /// An object whose members have nothing to look into.
    pub(crate) const fn flat(members: &'static [&'static str]) -> Self {
        Self { members, inside: &[] }
    }

    /// Members of the outermost object that the shape does not have.
    pub(crate) fn strangers(&self, outline: &super::Outline<'_>) -> Vec<String> {
        let keys = outline.members().iter().map(|member| &*member.key);
        keys.filter(|key| !self.members.contains(key)).map(str::to_owned).collect()
    }

    pub(super) fn of(&self, key: &str) -> Option<&Self> {
        self.inside.iter().find(|(inner, _)| *inner == key).map(|(_, shape)| shape)
    }
}
