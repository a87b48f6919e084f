//! What a page has to fetch: raw, gzip and brotli bytes of each artefact, beside Faro's and web-vitals' own bundles; and the table
//! in docs/size.md, which says what this says.

mod parts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cli::Format;
use crate::{build, process, setup, steps};

/// What the whole script-tag file, Wasm included, is to weigh in brotli bytes. It does not yet: the distance is printed.
const BAR: u64 = 16 * 1024;

/// What all that is loaded by default is to weigh.
const BAR_ALL: u64 = 24 * 1024;

/// What it may weigh until then. It only ever goes down, but where delivery needs something that cannot wait for the second file.
/// A raise of 530 bytes is for navigations within the document: their entries stand in order among the shifts, events and paints that the
/// first file observes, and a second observer elsewhere would give some of those to the wrong page.
/// With a hundred bytes of room: the hash in that file's name is another one with each change of it, and moves by as much what brotli finds.
/// 1,200 more for the ring and the rates of kinds: what a session outside of the sample does is kept from its first item on, and such a page may ask
/// for no second file.
/// 190 for what makes requests children of a user action and for `baggage`, without which those that a page makes before the second file is there would go without.
/// 310 for what happened before the file was there, for Global Privacy Control and for the mark of what is left: each is asked before anything else runs.
/// 70 for what the client counts of itself, from its first call on.
/// 380 for a visitor's tabs that come to one session: before the first batch, and in pages outside of the sample, which load no second file.
/// 400 more that these come to the right one: the last activity of any tab counts, one that nobody attends stays so, what woke one tab's ring wakes the others', the entry is read before
/// it is written over, and a no at the start erases it; and for a draft that is in no batch any more. All of it is the core's, or runs in pages that load no second file.
/// 1,320 for what has to be so from the first item on: values in addresses that look like a token, a mail address or a card, and lists of the page's own;
/// what is told while consent is pending comes into the session and under the rates that the yes finds stored; views by address; and a bound on errors
/// that differ, with their count.
/// 280 for a beacon that is no delivery, a flush that tries, an outage that nobody asks about, items that are counted where they are lost, and batches that are JSON
/// whatever `beforeSend` makes of an item, and addresses that are not looked at twice: each is the sender's or the core's.
/// 100 for requests that their own listeners open again, addresses within addresses, and what was done under a no: some 300, of which 200 were saved elsewhere.
/// 500 for inherited members of `init`, room that is left to the page's own beacons, addresses as `open` and `location` have them, wrappers that others put away, tags of
/// modules, sessions while the core is late, switches that are none, and workers' errors told once.
/// 100 for receivers of Faro's: whether they take its newest header, and what `beforeSend` adds that they would refuse a batch for.
/// 100 for what is told as the page is left: it is gathered before the last batch is sealed, and sent by what outlives the page.
/// 50 for requests whose page has set the header itself, which are in the trace that it names.
/// 30 for drafts that another page took: what is sealed then goes by another id.
/// 90 for Faro's receivers at any path, and for a global whose client has ended and that the next one takes over.
/// 110 for a page that comes back, or hears of another's no, and looks at what is stored, for the page's address as the page wants it told, and for a trail of what `beforeSend` left.
/// 40 for a no of another page that was no last word, and for what fails while the visitor is asked anew.
/// 120 for tabs that say a yes to each other, what the collector asked for in the outbox too, a frozen page, a key behind `/collect`, a clock that was set back and a client that cannot be.
/// 120 for a key of errors that is the same in every build, and for pages with zones (zone.js).
/// 80 for an error that is told by two ways, and a tag's `init` that is given nothing.
/// 20 for stacks without our own frames, a second file that is asked for again, and what is of no page: some 150, of which the rest was saved elsewhere.
/// 40 for a session's id that is changed where it stands, and nowhere else.
/// 150 for a `setConsent` that fails closed, requests beside another tracer that was there first, which leave with one header, and a script tag whose address is missing or wrong.
/// 20 for errors of a page that has spoilt what takes our frames out of their stacks.
/// 260 for a page that goes over to another session: its spans go along, and what is no load there is told as none; and for a view that was named before the file was there.
/// 40 for Faro's own requests, which are not told: on a page with both each would make another, for ever.
/// 110 for a page that goes, which sends its last batches packed.
/// Each is the core's, or happens before a second file is there.
const CEILING: u64 = 34380;

/// How far a figure of docs/size.md may be off, in parts of a hundred: compilers differ by a few bytes.
const TOLERANCE: u64 = 2;

const DOCUMENT: &str = "docs/size.md";
/// Peers, as their packages ship them for a script tag.
const PEERS: [(&str, &[&str]); 4] = [
    (
        "Faro",
        &["@grafana/faro-web-sdk/dist/bundle/faro-web-sdk.iife.js"],
    ),
    (
        "Faro with tracing",
        &[
            "@grafana/faro-web-sdk/dist/bundle/faro-web-sdk.iife.js",
            "@grafana/faro-web-tracing/dist/bundle/faro-web-tracing.iife.js",
        ],
    ),
    ("web-vitals", &["web-vitals/dist/web-vitals.iife.js"]),
    (
        "web-vitals with attribution",
        &["web-vitals/dist/web-vitals.attribution.iife.js"],
    ),
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Size {
    artefact: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

pub fn run(root: &Path, format: Format) -> Result<()> {
    if !root.join("npm/web/dist/farol.js").exists() || !root.join("node_modules").exists() {
        steps::to_stderr();
        setup::for_sdk(root)?;
        build::sdk(root)?;
    }
    let sizes = measure(root)?;
    match format {
        Format::Table => print!("{}", table(&sizes)),
        Format::Json => {
            let rows: Vec<Value> =
                sizes.iter().map(|size| serde_json::json!({ "artefact": size.artefact, "raw": size.raw, "gzip": size.gzip, "brotli": size.brotli })).collect();
            println!("{}", serde_json::to_string_pretty(&rows)?);
        }
        Format::Parts => print!("{}", parts::table(root, &sizes)?),
        Format::Write => {
            let path = root.join(DOCUMENT);
            let text = fs::read_to_string(&path).context(DOCUMENT)?;
            let text = replaced(&text, "sizes", &table(&sizes))?;
            fs::write(
                &path,
                replaced(&text, "parts", &parts::table(root, &sizes)?)?,
            )?;
        }
    }
    Ok(())
}

/// The ceiling of the script-tag file, its distance to the bar, and the truth of docs/size.md.
pub fn check(root: &Path) -> Result<()> {
    let sizes = measure(root)?;
    print!("{}", table(&sizes));
    let script = sizes
        .iter()
        .find(|size| size.artefact == "farol.js")
        .context("npm/web/dist/farol.js is missing")?;
    ensure!(
        script.brotli <= CEILING,
        "farol.js has {} bytes brotli; at most {CEILING} are allowed",
        script.brotli
    );
    if script.brotli > BAR {
        println!(
            "farol.js is {} bytes over its bar of {BAR}",
            script.brotli - BAR
        );
    }
    let all = default_files(&sizes);
    println!("farol.js and what it loads on its own: {all} bytes of {BAR_ALL}");
    let front = fs::read_to_string(root.join("README.md")).context("README.md")?;
    let claim = format!("[{} KB brotli]({DOCUMENT})", (script.brotli + 500) / 1000);
    ensure!(
        front.contains(&claim),
        "README.md says another size of farol.js than it has: write {claim}"
    );
    let text = fs::read_to_string(root.join(DOCUMENT)).context(DOCUMENT)?;
    let (_, written, _) = marked(&text, "sizes")?;
    let written = rows(written);
    for size in &sizes {
        let Some(said) = written.iter().find(|row| row.artefact == size.artefact) else {
            bail!(
                "{DOCUMENT} does not name {}: run `cargo xtask size --write`",
                size.artefact
            )
        };
        let off = |a: u64, b: u64| a.abs_diff(b) * 100 > TOLERANCE * b;
        if off(said.raw, size.raw) || off(said.gzip, size.gzip) || off(said.brotli, size.brotli) {
            bail!(
                "{DOCUMENT} says {} / {} / {} of {}, which has {} / {} / {}: run `cargo xtask size --write`",
                said.raw,
                said.gzip,
                said.brotli,
                size.artefact,
                size.raw,
                size.gzip,
                size.brotli
            );
        }
    }
    Ok(())
}

/// The bytes of what every page gets.
fn default_files(sizes: &[Size]) -> u64 {
    let of = |name: &str| {
        sizes
            .iter()
            .find(|size| size.artefact == name)
            .map_or(0, |size| size.brotli)
    };
    of("farol.js") + of("farol-more.js")
}

fn measure(root: &Path) -> Result<Vec<Size>> {
    ensure!(
        setup::in_path("node"),
        "node is missing: run `cargo xtask setup`"
    );
    let mut ours = Vec::new();
    let dist = root.join("npm/web/dist");
    for entry in dist
        .read_dir()
        .context("npm/web/dist is missing: run `cargo xtask sdk`")?
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_artefact(&name) {
            ours.push((without_hash(&name), vec![entry.path()]));
        }
    }
    // What an app in Rust carries along.
    let rust = root.join("sdk-wasm/js/rust-app.js");
    ours.push(("rust-app.js".to_owned(), vec![rust]));
    ours.sort();
    let modules = root.join("node_modules");
    let peers = PEERS.iter().map(|(name, files)| {
        (
            (*name).to_owned(),
            files
                .iter()
                .map(|file| modules.join(file))
                .collect::<Vec<_>>(),
        )
    });
    ours.into_iter()
        .chain(peers)
        .map(|(artefact, paths)| sum(artefact, &paths))
        .collect()
}

/// Code that a page fetches. A name with a version in it is another name of a file without, for caches that keep it for ever.
fn is_artefact(name: &str) -> bool {
    let Some((stem, "js" | "wasm")) = name.rsplit_once('.') else {
        return false;
    };
    let versioned = stem.rsplit_once('-').is_some_and(|(_, end)| {
        end.contains('.') && end.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    !versioned
}

/// The name of a file without its content's hash, which is another one with each build.
fn without_hash(name: &str) -> String {
    match name.rsplit_once('-') {
        Some((head, end))
            if end.len() > 11
                && end
                    .trim_end_matches(".js")
                    .chars()
                    .all(|c| c.is_ascii_hexdigit()) =>
        {
            format!("{head}.js")
        }
        _ => name.to_owned(),
    }
}

fn sum(artefact: String, paths: &[PathBuf]) -> Result<Size> {
    let script = include_str!("size/measure.mjs");
    let printed = process::output(
        Command::new("node")
            .args(["--input-type=module", "--eval", script, "--"])
            .args(paths),
        "measuring",
    )?;
    let mut size = Size {
        artefact,
        raw: 0,
        gzip: 0,
        brotli: 0,
    };
    for line in printed.lines() {
        let one: Value = serde_json::from_str(line)?;
        size.raw += one["raw"].as_u64().context("raw")?;
        size.gzip += one["gzip"].as_u64().context("gzip")?;
        size.brotli += one["brotli"].as_u64().context("brotli")?;
    }
    Ok(size)
}

fn table(sizes: &[Size]) -> String {
    let mut text = String::from("| artefact | raw | gzip | brotli |\n|---|--:|--:|--:|\n");
    for size in sizes {
        text += &format!(
            "| {} | {} | {} | {} |\n",
            size.artefact, size.raw, size.gzip, size.brotli
        );
    }
    text
}

fn rows(table: &str) -> Vec<Size> {
    table
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [artefact, raw, gzip, brotli] = cells[..] else {
                return None;
            };
            Some(Size {
                artefact: artefact.to_owned(),
                raw: raw.parse().ok()?,
                gzip: gzip.parse().ok()?,
                brotli: brotli.parse().ok()?,
            })
        })
        .collect()
}

/// A document before, within and after the marks of a table's name.
fn marked<'a>(text: &'a str, name: &str) -> Result<(&'a str, &'a str, &'a str)> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let found = text.split_once(&start).and_then(|(head, rest)| {
        rest.split_once(&end)
            .map(|(table, tail)| (head, table, tail))
    });
    found.with_context(|| format!("{DOCUMENT} holds no `{}` … `{end}`", start.trim()))
}

fn replaced(text: &str, name: &str, table: &str) -> Result<String> {
    let (head, _, tail) = marked(text, name)?;
    Ok(format!(
        "{head}<!-- {name} -->\n{table}<!-- /{name} -->{tail}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_table_is_read_back() {
        let sizes = vec![Size {
            artefact: "farol.js".to_owned(),
            raw: 3,
            gzip: 2,
            brotli: 1,
        }];
        let before = "# Size\n<!-- sizes -->\nold\n<!-- /sizes -->\nmore\n";
        let text = replaced(before, "sizes", &table(&sizes)).unwrap();
        assert_eq!(rows(marked(&text, "sizes").unwrap().1), sizes);
        assert!(
            text.starts_with("# Size\n") && text.ends_with("\nmore\n") && !text.contains("old")
        );
    }

    #[test]
    fn a_file_under_its_versioned_name_is_not_counted_twice() {
        assert!(is_artefact("farol.js") && is_artefact("farol-nowasm.js"));
        assert!(!is_artefact("farol-0.1.0.js") && !is_artefact("index.d.ts"));
        assert_eq!(without_hash("farol-more-07f3344dcd82.js"), "farol-more.js");
        assert_eq!(without_hash("farol-nowasm.js"), "farol-nowasm.js");
    }

    #[test]
    fn a_document_without_marks_is_an_error() {
        assert!(replaced("# Size", "sizes", "").is_err());
    }
}
