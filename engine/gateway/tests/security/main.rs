//! What keeps a listener's callers apart and its logs clean: signatures, what comes twice, what comes too often, masking.

mod mask;
mod replay;
mod sign;
mod signing;
