//! What is said when the file is there: how to start, how to look, and what pages want.

use std::path::Path;

use super::file::{Answers, LISTEN};

/// The next steps, in the order in which they are done.
pub(super) fn steps(file: &Path, answers: &Answers) -> String {
    let Answers { app, key, url, .. } = answers;
    let file = shell(&file.to_string_lossy());
    let (script, note) = match answers.sdk_dir {
        Some(_) => (format!("{url}/sdk/farol.js"), ""),
        None => (
            "/farol.js".to_owned(),
            "   (farol.js and the files beside it are the SDK's dist: put them on your site, or let the collector serve them by [sdk])\n",
        ),
    };
    let name = match url.starts_with(NOT_KNOWN) {
        true => format!(
            "   (visitors know this machine by another name: put the address by which they reach it in the place of {url}; --url ADDRESS writes it)\n"
        ),
        false => String::new(),
    };
    format!(
        "wrote {file}: app {app}, its key {key}. The user that the collector runs as must be able to read it.

1. Read it as the collector will:  farol-collector check-config --config {file}
2. Start it:                       farol-collector --config {file}
3. See whether all is well:        farol-collector doctor --config {file}
4. Into the <head> of each page, before other scripts:

   <script src=\"{script}\" data-url=\"{url}\" data-key=\"{key}\" data-app=\"{app}\"></script>
{note}{name}
   or where the app has a bundler (docs/sdk.md):

   cargo xtask sdk && npm pack --workspace @farol/web      (in Farol's repository: makes the package)
   npm install FOLDER/farol-web-VERSION.tgz                (in the app: the file that it names)

   import {{ init }} from '@farol/web';
   export const farol = init({{ url: '{url}', key: '{key}', app: {{ name: '{app}' }} }});

5. Watch what comes:               farol-collector tail --config {file}
"
    )
}

/// What stands for a machine that listens for all others, which know it by a name that it does not know itself.
const NOT_KNOWN: &str = "http://localhost:";

/// Where pages reach a collector that listens there, as far as that can be told from here.
pub(super) fn url_of(listen: &str) -> String {
    let listen = match listen.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => listen.to_owned(),
    };
    let port = listen
        .rsplit_once(':')
        .or_else(|| LISTEN.rsplit_once(':'))
        .map_or("", |(_, port)| port);
    match listen.starts_with("0.0.0.0:") || listen.starts_with("[::]:") {
        true => format!("{NOT_KNOWN}{port}"),
        false => format!("http://{listen}"),
    }
}

/// As a shell takes it for one word.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
