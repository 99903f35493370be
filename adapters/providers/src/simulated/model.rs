//! The simulated models, each named for what it shows.

macro_rules! models {
    (chat: { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ } embedding: { $embedding:ident = $embedding_name:literal } image: { $image:ident = $image_name:literal } speech: { $speech:ident = $speech_name:literal } transcription: { $transcription:ident = $transcription_name:literal }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SimulatedModel {
            $($(#[$doc])* $variant,)+
            /// Turns texts into vectors: alike texts into alike ones.
            $embedding,
            /// Makes images, all of them one white pixel.
            $image,
            /// Reads aloud, in beeps.
            $speech,
            /// Writes down how much it heard.
            $transcription,
        }

        pub const CHAT_MODELS: &[&str] = &[$($name),+];
        pub const EMBEDDING_MODELS: &[&str] = &[$embedding_name];
        pub const IMAGE_MODELS: &[&str] = &[$image_name];
        pub const SPEECH_MODELS: &[&str] = &[$speech_name];
        pub const TRANSCRIPTION_MODELS: &[&str] = &[$transcription_name];

        impl SimulatedModel {
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    $embedding_name => Some(Self::$embedding),
                    $image_name => Some(Self::$image),
                    $speech_name => Some(Self::$speech),
                    $transcription_name => Some(Self::$transcription),
                    _ => None,
                }
            }

            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::$embedding => $embedding_name,
                    Self::$image => $image_name,
                    Self::$speech => $speech_name,
                    Self::$transcription => $transcription_name,
                }
            }
        }
    };
}

models! {
    chat: {
        /// Answers at once.
        Instant = "instant",
        /// Thinks for half a second, then writes twenty tokens a second.
        Slow = "slow",
        /// Writes until the output limit ends it.
        Long = "long",
        /// Calls a tool when there is one, and answers with what the tool said.
        Tools = "tools",
        /// Thinks aloud before it answers.
        Reasoning = "reasoning",
        /// Does not say what it used: the hub counts.
        NoUsage = "no-usage",
        /// Refuses the first try of each call; the hub tries again.
        Error429ThenOk = "error-429-then-ok",
        /// Finds the request at fault.
        Error400 = "error-400",
        /// Refuses the hub's own key.
        Error401 = "error-401",
        /// Is always too busy.
        Error429 = "error-429",
        /// Always fails.
        Error500 = "error-500",
        /// Is always overloaded.
        Error503 = "error-503",
        /// Fails in the middle of its answer, and says so.
        ErrorInStream = "error-in-stream",
        /// Breaks off in the middle of its answer.
        Cut = "cut",
        /// Falls silent in the middle of its answer.
        Stall = "stall",
        /// Never answers at all.
        Silent = "silent",
    }
    embedding: { Embedding = "embedding" }
    image: { Image = "image" }
    speech: { Speech = "speech" }
    transcription: { Transcription = "transcription" }
}

impl SimulatedModel {
    pub const fn chats(self) -> bool {
        !matches!(self, Self::Embedding | Self::Image | Self::Speech | Self::Transcription)
    }
}
