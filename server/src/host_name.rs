//! The name of this machine.

/// The machine's name, from the kernel.
pub fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
