//! Output of commands. `println!` is refused in this crate, because it ignores that names may hold
//! characters that move a terminal's cursor, and that the reader may have gone (`support-console
//! doctor | head -1`).

use std::io::{Result, Write, stderr, stdout};

use app::domain::shown::shown_lines;

/// The exit code of a command whose output is closed early, which shells also report for a program
/// that a closed pipe has ended.
pub const UNREAD: u8 = 141;

/// Prints a line like `println!`, with escapes for control and direction characters.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::out::print_outside(&format!("{}\n", format_args!($($text)*)))
    };
}

/// Prints a text that anyone may have written.
pub fn print_outside(text: &str) -> Result<()> {
    print(&shown_lines(text))
}

/// Prints a text whose parts from outside are already escaped.
pub fn print(shown: &str) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(shown.as_bytes())?;
    out.flush()
}

/// Prints a message that is not part of the output. If nobody reads it, it is lost.
pub fn tell(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", shown_lines(text));
}
