//! Signatures of every family against vectors that openssl made, and what cannot be signed or opened.
