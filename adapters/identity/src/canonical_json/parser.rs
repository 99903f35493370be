//! Reads JSON as JavaScript's `JSON.parse` does. A parser of our own, because texts may hold half of a
//! surrogate pair, which those made for Rust's texts refuse.

use super::text::quoted;
use super::{Json, Members, NotJson, units};

/// As deep as every other parser of the hub goes.
const DEEPEST: usize = 128;

pub(super) fn parse(text: &str) -> Result<Json, NotJson> {
    let mut parser = Parser { text, at: 0 };
    let json = parser.value(DEEPEST)?;
    parser.blanks();
    if parser.at == text.len() { Ok(json) } else { Err(NotJson) }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes; always between two characters.
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes a sign, after blanks, if it is the next.
    fn takes(&mut self, sign: u8) -> bool {
        self.blanks();
        let is_next = self.peek() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: u8) -> Result<(), NotJson> {
        if self.takes(sign) { Ok(()) } else { Err(NotJson) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.blanks();
        match self.peek().ok_or(NotJson)? {
            b'{' => self.object(depth.checked_sub(1).ok_or(NotJson)?).map(Json::Object),
            b'[' => self.list(depth.checked_sub(1).ok_or(NotJson)?).map(Json::List),
            b'"' => self.string().map(|text| Json::Plain(quoted(&text).into())),
            b'-' | b'0'..=b'9' => self.number(),
            _ => ["null", "true", "false"].into_iter().find_map(|word| self.word(word)).ok_or(NotJson),
        }
    }

    fn word(&mut self, word: &str) -> Option<Json> {
        self.rest().starts_with(word).then(|| {
            self.at += word.len();
            Json::plain(word)
        })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json>, NotJson> {
        self.expect(b'[')?;
        let mut values = Vec::new();
        if self.takes(b']') {
            return Ok(values);
        }
        loop {
            values.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(values);
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Members, NotJson> {
        self.expect(b'{')?;
        let mut members = Members::new();
        if self.takes(b'}') {
            return Ok(members);
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.expect(b':')?;
            members.insert(name, self.value(depth)?);
            if self.takes(b'}') {
                return Ok(members);
            }
            self.expect(b',')?;
        }
    }

    /// The text's UTF-16 code units.
    fn string(&mut self) -> Result<Vec<u16>, NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let rest = self.rest();
            let end = rest.find(|sign: char| sign == '"' || sign == '\\' || sign < ' ').ok_or(NotJson)?;
            text.extend(units(&rest[..end]));
            self.at += end + 1;
            match rest.as_bytes().get(end) {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(NotJson),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<u16, NotJson> {
        let sign = self.peek().ok_or(NotJson)?;
        self.at += 1;
        Ok(match sign {
            b'"' | b'\\' | b'/' => sign.into(),
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => {
                let digits = self.rest().get(..4).ok_or(NotJson)?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return Err(NotJson);
                }
                self.at += digits.len();
                u16::from_str_radix(digits, 16).map_err(|_| NotJson)?
            }
            _ => return Err(NotJson),
        })
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits();
        // No zeros in front.
        if whole.is_empty() || whole.len() > 1 && whole.starts_with('0') {
            return Err(NotJson);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits().is_empty() {
                return Err(NotJson);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits().is_empty() {
                return Err(NotJson);
            }
        }
        let number = self.text.get(start..self.at).ok_or(NotJson)?;
        number.parse().map(Json::number).map_err(|_| NotJson)
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }
}
