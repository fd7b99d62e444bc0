//! The name of this machine.

/// The machine's name as the kernel has it.
pub fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
