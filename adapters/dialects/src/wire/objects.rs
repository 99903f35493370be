//! Structs that are read from JSON objects only. What serde derives takes arrays too, field by field,
//! which no client means.

use std::marker::PhantomData;

/// A visitor that knows objects.
pub(crate) struct ObjectOnly<T>(pub(crate) PhantomData<T>);

/// `Deserialize` for structs that derive it with `#[serde(remote = "Self")]`.
macro_rules! only_objects {
    ($($name:ident $(<$life:lifetime>)?),+ $(,)?) => {$(
        impl<'de $(: $life, $life)?> serde::de::Visitor<'de>
            for crate::wire::objects::ObjectOnly<$name $(<$life>)?>
        {
            type Value = $name $(<$life>)?;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                $name::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }

        impl<'de $(: $life, $life)?> serde::Deserialize<'de> for $name $(<$life>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(crate::wire::objects::ObjectOnly::<Self>(
                    std::marker::PhantomData,
                ))
            }
        }
    )+};
}

pub(crate) use only_objects;
