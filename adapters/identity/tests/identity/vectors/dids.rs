//! DIDs: derived, read and refused as the platform does, and more strictly where it is too lax.

use hub_identity::{
    Did, DidEncoding, DidHash, DidKind, DidRole, KeyKind, SecretKey, base58btc, guessed_bytes,
};
use serde_json::Value;

use super::case::{Case, hex_bytes, hex_text, text};

/// In the order of their codes.
const ROLES: [&str; 25] = [
    "ACCOUNT",
    "NODE",
    "DEVICE",
    "APPLICATION",
    "SMART_CONTRACT",
    "BOT",
    "ASSET",
    "STAKE",
    "VALIDATOR",
    "GROUP",
    "TX",
    "TETHER",
    "SWAP",
    "DELEGATION",
    "VC",
    "BLOCKLET",
    "STORE",
    "TOKEN",
    "FACTORY",
    "ROLLUP",
    "STORAGE",
    "PROFILE",
    "PASSKEY",
    "TOKEN_FACTORY",
    "PROVIDER",
];

fn role(name: &str) -> DidRole {
    let name = name.strip_prefix("ROLE_").unwrap();
    let code = ROLES.iter().position(|role| *role == name).map_or(63, |code| u8::try_from(code).unwrap());
    assert!(code < 63 || name == "ANY", "{name}");
    DidRole::from_code(code).unwrap()
}

fn hash(name: &str) -> DidHash {
    match name {
        "KECCAK" => DidHash::Keccak,
        "SHA3" => DidHash::Sha3,
        "KECCAK_384" => DidHash::Keccak384,
        "SHA3_384" => DidHash::Sha3_384,
        "KECCAK_512" => DidHash::Keccak512,
        "SHA3_512" => DidHash::Sha3_512,
        "SHA2" => DidHash::Sha2,
        other => panic!("{other}"),
    }
}

fn kind(value: &Value) -> DidKind {
    let key = match text(&value["pk"]) {
        "ED25519" => KeyKind::Ed25519,
        "SECP256K1" => KeyKind::Secp256k1,
        "ETHEREUM" => KeyKind::Ethereum,
        "PASSKEY" => KeyKind::Passkey,
        other => panic!("{other}"),
    };
    let encoding = match text(&value["address"]) {
        "BASE58" => DidEncoding::Base58,
        "BASE16" => DidEncoding::Base16,
        other => panic!("{other}"),
    };
    DidKind { role: role(text(&value["role"])), key, hash: hash(text(&value["hash"])), encoding }
}

pub fn run(case: &Case<'_>) {
    match case.op() {
        "derive" => {
            let kind = kind(case.input("type"));
            let did = Did::of_key(kind, &hex_bytes(case.input("publicKey")));
            assert_eq!(did.address(), case.expect_text("address"));
            assert_eq!(did.to_string(), case.expect_text("did"));
            assert_eq!(format!("{:04x}", kind.corrected().code()), case.expect_text("typeHex"));
            assert_eq!(did.to_string().parse(), Ok(did), "it can be read again");
        }
        "derive_from_secret" => {
            let kind = kind(case.input("type"));
            let key = SecretKey::new(kind.key, &hex_bytes(case.input("secretKey"))).unwrap();
            assert_eq!(hex_text(&key.public_key()), case.expect_text("publicKey"));
            assert_eq!(key.did(kind).address(), case.expect_text("address"));
        }
        "type_info" => {
            let did: Did = case.input_text("did").parse().unwrap();
            assert_eq!(did.kind(), kind(case.expect("type")));
        }
        "is_valid" => {
            let did = case.input_text("did").parse::<Did>();
            assert_eq!(did.is_ok(), *case.expect("valid"), "{did:?}");
        }
        "belongs" => {
            let key = guessed_bytes(case.input_text("publicKey"));
            let belongs = Did::of_signer(case.input_text("did"), &key).is_ok();
            assert_eq!(belongs, *case.expect("belongs"));
        }
        "checksum_address" => {
            let did: Did = case.input_text("address").parse().unwrap();
            assert_eq!(did.canonical().address(), case.expect_text("address"));
        }
        "hash" => {
            let bytes = hex_bytes(case.input("hex"));
            let digest = match case.input_text("hash") {
                // What the original does where nobody says how many rounds. No DID is made so.
                "SHA2_DEFAULT" => DidHash::Sha2.digest(&DidHash::Sha2.digest(&bytes)),
                name => hash(name).digest(&bytes),
            };
            assert_eq!(hex_text(&digest), case.expect_text("hex"));
        }
        "best_effort_bytes" => {
            assert_eq!(hex_text(&guessed_bytes(case.input_text("text"))), case.expect_text("hex"));
        }
        "base58btc" => assert_eq!(base58btc(&hex_bytes(case.input("hex"))), case.expect_text("text")),
        _ => case.is_unknown(),
    }
}
