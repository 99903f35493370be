//! Puts the parts together: the one place that knows which adapter stands behind which port.

mod books;
mod bootstrap;
mod built_in_prices;
mod catalogue;
mod data_dir;
mod master_key;
mod sealing;
mod store;
mod system_clock;

pub use books::{Books, OpenedBooks};
pub use bootstrap::{bootstrap, ensure_account, ensure_owner_key, grant_once};
pub use built_in_prices::write_missing;
pub use catalogue::{CatalogueModel, CatalogueProvider, seal_credential};
pub use data_dir::{DataDirError, InstanceLock, create_private_dir, private_file};
pub use master_key::{MasterKeyPlace, known_master_keys, master_key_place, master_keys};
pub use sealing::{Resealed, check_sealing_key, name_sealing_key, reseal};
pub use store::{Opening, storage_url};
