//! DIDs: derived, read and refused as the platform does, and more strictly where it is too lax.

use hub_identity::{Did, DidEncoding, DidHash, DidKind, DidRole, KeyKind};
use serde_json::Value;

use crate::suite::{Suite, bytes, text};

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

fn hash(name: &str) -> Option<DidHash> {
    Some(match name {
        "KECCAK" => DidHash::Keccak,
        "SHA3" => DidHash::Sha3,
        "KECCAK_384" => DidHash::Keccak384,
        "SHA3_384" => DidHash::Sha3_384,
        "KECCAK_512" => DidHash::Keccak512,
        "SHA3_512" => DidHash::Sha3_512,
        "SHA2" => DidHash::Sha2,
        _ => return None,
    })
}

fn kind(value: &Value) -> DidKind {
    let key = match text(&value["pk"]) {
        "ED25519" => KeyKind::Ed25519,
        "SECP256K1" => KeyKind::Secp256k1,
        "ETHEREUM" => KeyKind::Ethereum,
        "PASSKEY" => KeyKind::Passkey,
        other => panic!("{other}"),
    };
    let encoding = if value["address"] == "BASE58" { DidEncoding::Base58 } else { DidEncoding::Base16 };
    DidKind { role: role(text(&value["role"])), key, hash: hash(text(&value["hash"])).unwrap(), encoding }
}

#[test]
fn vectors_of_dids_are_derived_from_their_keys() {
    for case in Suite::read("did").cases("derive") {
        let (id, expect) = (&case["id"], &case["expect"]);
        let did = Did::of_key(kind(&case["input"]["type"]), &bytes(&case["input"]["publicKey"]).unwrap());
        assert_eq!(did.address(), text(&expect["address"]), "{id}");
        assert_eq!(did.to_string(), text(&expect["did"]), "{id}");
        assert_eq!(did.to_string().parse(), Ok(did), "{id}: it can be read again");
    }
}

#[test]
fn vectors_of_kinds_are_read_from_the_text() {
    for case in Suite::read("did").cases("type_info") {
        let did: Did = text(&case["input"]["did"]).parse().unwrap();
        assert_eq!(did.kind(), kind(&case["expect"]["type"]), "{}", case["id"]);
    }
}

#[test]
fn vectors_of_texts_are_dids_or_not() {
    for case in Suite::read("did").cases("is_valid") {
        let did = text(&case["input"]["did"]).parse::<Did>();
        assert_eq!(did.is_ok(), case["expect"]["valid"] == true, "{}: {did:?}", case["id"]);
    }
}

#[test]
fn vectors_of_keys_belong_to_their_did_and_to_no_other() {
    for case in Suite::read("did").cases("belongs") {
        let input = &case["input"];
        let key = bytes(&input["publicKey"]);
        let belongs = key.is_some_and(|key| Did::of_signer(text(&input["did"]), &key).is_ok());
        let expected = case["expect"]["belongs"] == true;
        assert_eq!(belongs, expected, "{}: {}", case["id"], case["description"]);
    }
}

#[test]
fn vectors_of_hashes_have_one_round() {
    for case in Suite::read("did").cases("hash") {
        let Some(hash) = hash(text(&case["input"]["hash"])) else { continue };
        let digest = hash.digest(&bytes(&case["input"]["hex"]).unwrap());
        assert_eq!(Some(digest), bytes(&case["expect"]["hex"]), "{}", case["id"]);
    }
}

#[test]
fn vectors_of_ethereum_addresses_have_one_spelling_with_a_checksum() {
    for case in Suite::read("did").cases("checksum_address") {
        let (lower, mixed) = (text(&case["input"]["address"]), text(&case["expect"]["address"]));
        assert!(lower.parse::<Did>().is_ok() && mixed.parse::<Did>().is_ok());
        let wrong = mixed.replace('C', "c");
        assert!(wrong != lower && wrong.parse::<Did>().is_err(), "{wrong}");
    }
}
