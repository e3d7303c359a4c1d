//! From sources to images and packs: CSV catalogues, TOML policies, and the generator of national size.
