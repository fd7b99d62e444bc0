//! Generated passwords, which must be changed at the first sign-in.

use gateway::entropy::Entropy;
use secrecy::SecretString;

/// Letters and digits that can't be confused (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS: usize = 5;
const GROUP: usize = 5;

/// 125 random bits, in groups that can be read out over the telephone.
pub(super) fn generate(entropy: &dyn Entropy) -> SecretString {
    let mut random = [0; GROUPS * GROUP];
    entropy.fill(&mut random);
    let groups: Vec<String> = random
        .chunks(GROUP)
        .map(|group| {
            group
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect()
        })
        .collect();
    groups.join("-").into()
}

#[cfg(test)]
mod tests {
    use app::domain::staff::check_new_password;
    use gateway::entropy::SeededEntropy;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn it_is_a_password_that_may_be_chosen_and_another_one_each_time() {
        let entropy = SeededEntropy::new(1);
        let first = generate(&entropy);
        assert_eq!(first.expose_secret().len(), 29);
        check_new_password(first.expose_secret(), "ana@example.com").unwrap();
        assert_ne!(first.expose_secret(), generate(&entropy).expose_secret());
        assert!(!format!("{first:?}").contains(first.expose_secret()));
    }
}
