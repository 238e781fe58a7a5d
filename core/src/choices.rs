//! Enumerations that a user chooses from.

/// Derives what an enumeration of choices needs: names for command lines and JSON, and help texts from its doc comments.
macro_rules! choices {
    ($(#[$attribute:meta])* pub enum $($rest:tt)*) => {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            serde::Deserialize,
            serde::Serialize,
            strum::Display,
            strum::EnumIter,
            strum::EnumMessage,
            strum::EnumString,
            strum::IntoStaticStr,
        )]
        $(#[$attribute])*
        pub enum $($rest)*
    };
}
