//! JSON that cannot come out wrong: a schema is compiled to a pushdown automaton over bytes, which says at every step which
//! tokens may follow.

mod grammar;
mod rules;
mod schema;
mod state;
mod values;

pub(super) use grammar::Guide;
pub use grammar::JsonGrammar;
pub use schema::JsonSchema;
