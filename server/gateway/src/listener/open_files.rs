//! The process's limit of open files and connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::accept::MAX_CONNECTIONS;

/// How many open files are reserved for the rest of the program: its store, its other listeners.
const OTHER_FILES: usize = 256;

/// Raises the limit as far as the system allows. Services are commonly started with 1,024. A
/// thousand idle clients would use these up, and leave nothing for the store, the upstream, or
/// anyone else.
pub fn raise_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(error = %error, "can't raise the limit of open files");
    }
}

/// How many may be open.
pub fn limit() -> usize {
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |current| {
        usize::try_from(current).unwrap_or(usize::MAX)
    })
}

/// How many connections this process serves at once, and how many it opens to upstreams.
pub fn connections() -> usize {
    connections_with(limit())
}

fn connections_with(open_files: usize) -> usize {
    let left = open_files.saturating_sub(OTHER_FILES) / 2;
    left.clamp(1, MAX_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_rest_of_the_program() {
        assert_eq!(connections_with(usize::MAX), MAX_CONNECTIONS);
        assert_eq!(connections_with(4096), 1920);
        assert_eq!(connections_with(1024), 384);
        assert_eq!(connections_with(64), 1);
    }
}
