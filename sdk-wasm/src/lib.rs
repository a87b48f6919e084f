//! The browser core.
