//! The catalogue image: a sealed, checked, memory-mapped rkyv file; writer and reader.
