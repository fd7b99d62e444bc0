//! The gateway between raw clients and an upstream that counts every byte it is sent.

mod attacks;
mod ends;
mod passing;
mod support;
