//! Query texts as constants that the tests can list.

/// A named query text.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub name: &'static str,
    pub sql: &'static str,
}

/// Declares query texts, and `ALL` of them for the test that prepares each on both engines.
macro_rules! statements {
    ($( $(#[$doc:meta])* $name:ident = $sql:expr; )+) => {
        $( $(#[$doc])* const $name: &str = $sql; )+
        /// Every query text of this file.
        #[cfg(test)]
        pub(crate) const ALL: &[$crate::Statement] = &[
            $( $crate::Statement { name: concat!(module_path!(), "::", stringify!($name)), sql: $name } ),+
        ];
    };
}
pub(crate) use statements;
