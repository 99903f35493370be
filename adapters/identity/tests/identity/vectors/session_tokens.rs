//! Session tokens: derived, signed, read and refused; and where in a request they stand.

use hub_identity::{
    SessionClaims, SessionSecret, SessionUse, TokenForm, TokenPlaces, csrf_token, is_csrf_token_of,
};
use serde_json::{Value, json};

use super::case::{Case, text};

pub fn run(case: &Case<'_>) {
    match case.op() {
        "derive_secret" => {
            let [key, address, salt] = ["secretKey", "address", "salt"].map(|name| case.input_text(name));
            let secret = SessionSecret::derived(key, address, salt);
            assert_eq!(secret.expose(), case.expect_text("secret"));
        }
        "sign" => {
            let claims: SessionClaims = serde_json::from_value(case.input("payload").clone()).unwrap();
            assert_eq!(claims.sign(&secret(case)), case.expect_text("token"));
        }
        "verify" => {
            let user = verified(case, SessionUse::Session).map(|claims| user(&claims));
            assert_eq!(user.unwrap_or_default(), *case.expect("user"));
        }
        "verify_refresh" => {
            let verified = verified(case, SessionUse::Refresh);
            assert_eq!(verified.is_some(), *case.expect("ok"), "{verified:?}");
        }
        "extract" => extract(case),
        "kyc" => {
            let kyc = case.input("kyc").as_u64().unwrap();
            let claims: SessionClaims =
                serde_json::from_value(json!({ "type": "user", "did": "", "kyc": kyc, "iat": 0, "exp": 0 }))
                    .unwrap();
            assert_eq!(claims.has_verified_email(), *case.expect("emailVerified"));
            assert_eq!(claims.has_verified_phone(), *case.expect("phoneVerified"));
        }
        "csrf" => {
            let (key, login) = (case.input_text("secretKey"), case.input_text("loginToken"));
            let token = csrf_token(key, login);
            assert_eq!(token, case.expect_text("token"));
            assert!(is_csrf_token_of(&token, key, login) && !is_csrf_token_of(&token, key, "another"));
        }
        "classify" => {
            let form = TokenForm::of(case.input_text("token"));
            assert_eq!(form == TokenForm::Session, *case.expect("login"));
            assert_eq!(form == TokenForm::IssuedKey, *case.expect("accessKey"));
        }
        _ => case.is_unknown(),
    }
}

fn secret(case: &Case<'_>) -> SessionSecret {
    SessionSecret::new(case.input_text("secret")).unwrap()
}

fn verified(case: &Case<'_>, presented_for: SessionUse) -> Option<SessionClaims> {
    let now = case.input("now").as_u64().unwrap();
    SessionClaims::verify(case.input_text("token"), &secret(case), now, presented_for).ok()
}

/// As the platform hands a session's user to the routes.
fn user(claims: &SessionClaims) -> Value {
    let mut user = json!({
        "did": claims.did,
        "role": claims.role,
        "provider": claims.provider(),
        "emailVerified": claims.has_verified_email(),
        "phoneVerified": claims.has_verified_phone(),
        "method": "loginToken",
    });
    for (name, value) in
        [("fullName", &claims.full_name), ("walletOS", &claims.wallet_os), ("org", &claims.org)]
    {
        if let Some(value) = value {
            user[name] = value.as_str().into();
        }
    }
    user
}

fn extract(case: &Case<'_>) {
    let mut places = TokenPlaces::default();
    for (name, value) in case.input("headers").as_object().into_iter().flatten() {
        match name.to_ascii_lowercase().as_str() {
            "authorization" => places.authorization = Some(text(value)),
            "cookie" => places.cookie = Some(text(value)),
            other => panic!("the header `{other}` is not understood"),
        }
    }
    let access_token = |members: &'static str| {
        let members = case.input(members).as_object()?;
        assert!(members.keys().all(|name| name == "access_token"));
        members.get("access_token").map(text)
    };
    places.query = access_token("query");
    places.body = access_token("body");
    let presented = places.token();
    assert_eq!(presented.token.map_or(Value::Null, |token| token.as_ref().into()), *case.expect("token"));
    assert_eq!(presented.is_duplicate, *case.expect("duplicate"));
}
