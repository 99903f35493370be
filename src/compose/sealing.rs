//! Whether this database's secrets are sealed with a key that is known here, and sealing them anew.

use hub_domain::ports::{SealedKind, SealedPlace, SealedRows, Secrets};
use hub_identity::{MasterKeyId, SealedHead, SealedSecrets};

use super::catalogue::credential_context;
use super::master_key::master_key_place;
use crate::calls::answer_context;
use crate::cli::Failure;
use crate::settings::Configuration;

/// Texts that are read at once.
const PAGE: u16 = 100;

/// Refuses to seal beside secrets that can't be opened.
pub async fn check_sealing_key(
    rows: &dyn SealedRows,
    keys: &SealedSecrets,
    configuration: &Configuration,
) -> Result<(), Failure> {
    let known = keys.ids();
    let strange = match rows.sealing_key().await?.map(MasterKeyId::of_number) {
        Some(named) if known.contains(&named) => return Ok(()),
        Some(named) => Some(named),
        // From a time when none was named. Kept answers are forgotten anyway.
        None => {
            let length = u8::try_from(size_of::<SealedHead>()).unwrap_or(u8::MAX);
            let counts = rows.counts(length).await?.into_iter();
            let credentials = counts.filter(|count| count.what == SealedKind::Credential);
            let mut names = credentials.filter_map(|count| SealedSecrets::key_of(&count.head));
            names.find(|name| !known.contains(name))
        }
    };
    let (Some(strange), Some(own)) = (strange, known.first()) else { return Ok(()) };
    let reason = format!(
        "the secrets of this database are sealed with the master key {strange}, and this one is {own}; \
         configure that one, or both with this one first (`aigne-hub secrets --help`)"
    );
    Err(configuration.bad(master_key_place(configuration).setting(), reason).into())
}

/// Names the key that seals in this database from now on, where none is named yet.
pub async fn name_sealing_key(rows: &dyn SealedRows, keys: &SealedSecrets) -> Result<(), Failure> {
    match keys.ids().first() {
        Some(own) if rows.sealing_key().await?.is_none() => Ok(rows.set_sealing_key(own.number()).await?),
        _ => Ok(()),
    }
}

/// What sealing anew came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    pub texts: u64,
    /// Texts that no known key opens.
    pub unreadable: u64,
    /// Those of them that were given up.
    pub forgotten: u64,
}

/// Seals all with the first key that is not. It can be broken off and begun again at any time; texts that
/// change meanwhile are left to whoever changes them.
pub async fn reseal(
    rows: &dyn SealedRows,
    keys: &SealedSecrets,
    forgets_unreadable: bool,
) -> Result<Resealed, Failure> {
    let mut done = Resealed::default();
    let Some(head) = keys.ids().first().map(|id| SealedSecrets::head_of(*id)) else { return Ok(done) };
    let mut after = None;
    loop {
        let page = rows.other_than(&head, after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(done) };
        after = Some(last.clone());
        for (place, sealed) in &page {
            let context = context(place);
            match keys.open(sealed, &context) {
                Ok(plain) => {
                    let anew = keys.seal(&plain, &context)?;
                    done.texts += u64::from(rows.replace(place, sealed, &anew).await?);
                }
                Err(_) if forgets_unreadable => {
                    done.forgotten += u64::from(rows.forget(place, sealed).await?);
                }
                Err(_) => done.unreadable += 1,
            }
        }
    }
}

fn context(place: &SealedPlace) -> String {
    match place {
        SealedPlace::Credential { provider, credential, base_url } => {
            credential_context(*provider, *credential, base_url.as_deref())
        }
        SealedPlace::Answer(call) => answer_context(*call),
    }
}

#[cfg(test)]
mod tests {
    use hub_domain::call::OnDisconnect;
    use hub_domain::ids::ProviderId;
    use hub_domain::memory::Memory;
    use hub_domain::ports::{NewProvider, ProviderBook, SecretText};
    use hub_domain::routing::ProviderKind;
    use hub_identity::MasterKeys;

    use super::*;
    use crate::compose::seal_credential;
    use crate::settings::{Environment, Overrides};

    const OLD: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const NEW: &str = "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn under(keys: &str) -> SealedSecrets {
        SealedSecrets::new(MasterKeys::from_text(keys).unwrap())
    }

    fn configuration() -> Configuration {
        Configuration::load(&Overrides::default(), Environment::default()).unwrap()
    }

    /// A provider with as many credentials.
    async fn with_credentials(memory: &Memory, keys: &SealedSecrets, count: usize) {
        let id = ProviderId::new();
        let secret = SecretText::new("sk-0123456789abcdef");
        let base_url = Some("http://127.0.0.1:9/v1".to_owned());
        let sealed = || seal_credential(keys, id, base_url.as_deref(), &secret).unwrap();
        let credentials = (0..count).map(|_| sealed()).collect();
        let provider = NewProvider {
            id,
            name: id.to_string(),
            kind: ProviderKind::OpenAi,
            base_url: base_url.clone(),
            on_disconnect: OnDisconnect::Cancel,
            responses: None,
            timeouts: None,
            credentials,
        };
        ProviderBook::add(memory, provider).await.unwrap();
    }

    #[tokio::test]
    async fn all_is_sealed_anew_once() {
        let memory = Memory::new();
        with_credentials(&memory, &under(OLD), 250).await;
        let keys = under(&format!("{NEW},{OLD}"));
        assert_eq!(reseal(&memory, &keys, false).await.unwrap().texts, 250);
        assert_eq!(reseal(&memory, &under(NEW), false).await.unwrap(), Resealed::default());
        assert_eq!(reseal(&memory, &under(OLD), false).await.unwrap().unreadable, 250);
    }

    #[tokio::test]
    async fn what_no_key_opens_is_left_until_it_is_given_up() {
        let memory = Memory::new();
        with_credentials(&memory, &under(OLD), 3).await;
        with_credentials(&memory, &under(NEW), 2).await;
        let keys = under(NEW);
        assert_eq!(reseal(&memory, &keys, false).await.unwrap().unreadable, 3);
        let given_up = Resealed { forgotten: 3, ..Resealed::default() };
        assert_eq!(reseal(&memory, &keys, true).await.unwrap(), given_up);
        assert_eq!(reseal(&memory, &keys, false).await.unwrap(), Resealed::default());
    }

    #[tokio::test]
    async fn another_key_than_that_of_the_database_is_told() {
        let memory = Memory::new();
        with_credentials(&memory, &under(OLD), 1).await;
        let told = check_sealing_key(&memory, &under(NEW), &configuration()).await.unwrap_err().to_string();
        assert!(told.contains(&under(OLD).ids()[0].to_string()), "{told}");

        check_sealing_key(&memory, &under(OLD), &configuration()).await.unwrap();
        for keys in [OLD, NEW] {
            name_sealing_key(&memory, &under(keys)).await.unwrap();
        }
        assert_eq!(memory.sealing_key().await.unwrap(), Some(under(OLD).ids()[0].number()));
        assert!(check_sealing_key(&memory, &under(NEW), &configuration()).await.is_err());
        let both = under(&format!("{NEW},{OLD}"));
        check_sealing_key(&memory, &both, &configuration()).await.unwrap();
    }
}
