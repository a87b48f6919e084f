//! The configurations of docs/destinations are right, and none of their secrets shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the pages say that secrets and certificates are.
const FOLDER: &str = "/etc/farol/";
/// What a secret's file holds in this test.
const SECRET: &str = "hunter2";

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/destinations");
    let entries = fs::read_dir(folder).unwrap();
    let mut pages: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
    pages.sort();
    pages
}

fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split("```toml\n").skip(1);
    behind.map(|it| it.split("```").next().unwrap())
}

/// The files that a block names, made.
fn make_files(block: &str, folder: &Path) {
    let own = rcgen::generate_simple_self_signed(["farol".to_owned()]).unwrap();
    let pem = own.cert.pem() + &own.signing_key.serialize_pem();
    for behind in block.split(FOLDER).skip(1) {
        let name = behind.split('"').next().unwrap();
        let content = if name.ends_with(".pem") { &pem } else { SECRET };
        fs::write(folder.join(name), content).unwrap();
    }
}

fn run(what: &str, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_farol-collector"))
        .args([what, "--config", "farol.toml"])
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn each_documented_configuration_is_valid_and_shows_no_secret() {
    let mut checked = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            let folder = tempfile::tempdir().unwrap();
            make_files(block, folder.path());
            let here = format!("{}/", folder.path().display());
            let block = format!("version = 1\n{}", block.replace(FOLDER, &here));
            fs::write(folder.path().join("farol.toml"), &block).unwrap();
            for what in ["check-config", "print-config"] {
                let output = run(what, folder.path());
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8(said).unwrap();
                assert!(
                    output.status.success(),
                    "{}\n{block}\n{said}",
                    page.display()
                );
                assert!(!said.contains(SECRET), "{said}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn each_stack_of_the_compose_file_is_valid() {
    let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/compose/farol");
    let mut checked = 0;
    for stack in fs::read_dir(stacks).unwrap() {
        let stack = stack.unwrap().path();
        let folder = tempfile::tempdir().unwrap();
        fs::copy(&stack, folder.path().join("farol.toml")).unwrap();
        let output = run("check-config", folder.path());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{}\n{said}", stack.display());
        checked += 1;
    }
    assert!(checked >= 4, "{checked}");
}

/// The error of a type that is none names them all.
#[test]
fn each_type_of_destination_has_its_row_in_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let none = "version = 1\n[[destinations]]\nname = \"x\"\ntype = \"none\"\n";
    fs::write(folder.path().join("farol.toml"), none).unwrap();
    let said = String::from_utf8(run("check-config", folder.path()).stderr).unwrap();
    let types = said.trim().rsplit("use one of ").next().unwrap();
    let index = pages().into_iter().find(|it| it.ends_with("README.md"));
    let index = fs::read_to_string(index.unwrap()).unwrap();
    let rows: String = index.lines().filter(|it| it.starts_with("| `")).collect();
    let types: Vec<_> = types.split(", ").collect();
    assert!(types.contains(&"otlp_http"), "{said}");
    for name in types {
        assert!(rows.contains(&format!("`{name}`")), "{name}: {rows}");
    }
}
