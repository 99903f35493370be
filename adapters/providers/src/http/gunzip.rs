//! Unpacks gzip piece by piece, within bounds: a few bytes can stand for gigabytes.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

/// What comes out, at most.
const LIMIT: usize = 64 * 1024 * 1024;
/// How much may come out for each byte that went in, once there is more than a little.
const RATIO: usize = 100;
const A_LITTLE: usize = 64 * 1024;

pub struct Gunzip(MultiGzDecoder<Bounded>);

/// Takes what is unpacked, until it is too much.
#[derive(Default)]
struct Bounded {
    piece: Vec<u8>,
    packed: usize,
    unpacked: usize,
}

impl Gunzip {
    pub fn new() -> Self {
        Self(MultiGzDecoder::new(Bounded::default()))
    }

    /// What a piece of the packed text adds; it may be nothing yet.
    pub fn push(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        self.0.get_mut().packed += piece.len();
        self.0.write_all(piece)?;
        self.0.flush()?;
        Ok(std::mem::take(&mut self.0.get_mut().piece).into())
    }

    /// The end of the packed text; an error when there had to be more.
    pub fn finish(&mut self) -> io::Result<Bytes> {
        if self.0.get_ref().packed > 0 {
            self.0.try_finish()?;
        }
        Ok(std::mem::take(&mut self.0.get_mut().piece).into())
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unpacked += bytes.len();
        let packed_too_well = self.unpacked > A_LITTLE && self.unpacked / RATIO > self.packed;
        if self.unpacked > LIMIT || packed_too_well {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        (0..20_000_u32).flat_map(|number| (number.wrapping_mul(2_654_435_761)).to_le_bytes()).collect()
    }

    #[test]
    fn a_text_survives_wherever_it_is_cut() {
        let packed = pack(&text());
        for size in [1, 7, 1_000, packed.len()] {
            let mut gunzip = Gunzip::new();
            let mut out = Vec::new();
            for piece in packed.chunks(size) {
                out.extend_from_slice(&gunzip.push(piece).unwrap());
            }
            out.extend_from_slice(&gunzip.finish().unwrap());
            assert_eq!(out, text(), "in pieces of {size}");
        }
    }

    #[test]
    fn what_was_flushed_comes_out_at_once() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(b"data: 1\n\n").unwrap();
        packer.flush().unwrap();
        let first = std::mem::take(packer.get_mut());
        assert_eq!(&Gunzip::new().push(&first).unwrap()[..], b"data: 1\n\n");
    }

    #[test]
    fn a_bomb_is_refused_early() {
        let packed = pack(&vec![0; 20 * 1024 * 1024]);
        let mut gunzip = Gunzip::new();
        let error = gunzip.push(&packed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(gunzip.0.get_ref().piece.len() <= RATIO * packed.len());
    }

    #[test]
    fn a_text_that_is_cut_or_no_gzip_is_an_error() {
        let packed = pack(&text());
        let mut gunzip = Gunzip::new();
        gunzip.push(&packed[..packed.len() / 2]).unwrap();
        assert!(gunzip.finish().is_err());
        assert!(Gunzip::new().push(b"{\"id\":\"plain text of some length\"}").is_err());
    }
}
