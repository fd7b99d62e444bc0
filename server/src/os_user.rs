//! The operating-system user of this process, which is recorded for acts of the command line.

use std::os::unix::fs::MetadataExt;

/// The user's name from the kernel, not from a variable that anyone can set. Behind `sudo`, with
/// the name of its caller.
pub fn os_user() -> String {
    let uid = std::fs::metadata("/proc/self").map(|process| process.uid());
    let Ok(uid) = uid else {
        return "unknown".to_owned();
    };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = name_of(uid, &users).unwrap_or_else(|| format!("uid {uid}"));
    // Only root can have been called by sudo, so only then the variable is trusted.
    match std::env::var("SUDO_USER") {
        Ok(caller) if uid == 0 && !caller.is_empty() && caller != name => {
            let caller: String = caller
                .chars()
                .filter(|c| !c.is_control())
                .take(64)
                .collect();
            format!("{name} (sudo by {caller})")
        }
        _ => name,
    }
}

fn name_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let found = fields.nth(1)?.parse::<u32>().ok()?;
        (found == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("ana"));
        assert_eq!(name_of(7, users), None);
        assert!(!os_user().is_empty());
    }
}
