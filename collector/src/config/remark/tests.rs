use std::net::Ipv4Addr;
use std::path::Path;

use super::super::{DEFAULT_LISTEN, Network, check_text};
use super::*;

#[test]
fn where_operators_cannot_ask_it_is_said() {
    let said = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        config.remarks().pop().map(|it| it.found)
    };
    let proxied = |it: &mut Config| {
        it.public.proxy_protocol = vec![Network::parse("10.0.0.0/8").unwrap()];
    };
    assert_eq!(said(&|_| ()), None);
    assert!(
        said(&proxied)
            .unwrap()
            .contains("listen speaks PROXY protocol")
    );
    let open = |it: &mut Config| it.listen.set_ip(Ipv4Addr::UNSPECIFIED.into());
    assert!(said(&open).unwrap().contains("no loopback address"));
    assert_eq!(
        said(&|it| {
            proxied(it);
            it.admin_listen = Some(DEFAULT_LISTEN);
        }),
        None
    );
}

const APP: &str =
    "[[apps]]\nname = \"shop\"\ntenant = \"acme\"\nkeys = [\"k1\"]\norigins = [\"*\"]\n";
const SOURCE: &str = "[[sources]]\nname = \"in\"\ntype = \"kafka\"\nbrokers = [\"127.0.0.1:9092\"]\ntopic = \"t\"\ngroup = \"g\"\n";

fn said(toml: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let toml = format!("version = 1\ndata_dir = {data:?}\nlisten = \"127.0.0.1:0\"\n{toml}");
    let config =
        check_text(Path::new("farol.toml"), &toml).unwrap_or_else(|e| panic!("{toml}: {e}"));
    config.remarks().iter().map(ToString::to_string).collect()
}

#[test]
fn a_condition_that_names_what_nothing_is_called_is_remarked_and_not_refused() {
    let filter = |when: &str| format!("[[filters]]\nname = \"f\"\nwhen = '{when}'\n");
    let goes = |when: &str| {
        format!("[[destinations]]\nname = \"d\"\ntype = \"terminal\"\nwhen = '{when}'\n")
    };
    let rule = |when: &str| {
        format!("[[attributes]]\nname = \"r\"\nwhen = '{when}'\nset = {{ a = \"b\" }}\n")
    };
    for (toml, expected) in [
        (
            format!("{APP}{}", goes(r#"app == "shopp""#)),
            r#"destinations.d.when: no app is called "shopp"; did you mean "shop"?"#,
        ),
        (
            format!(
                "{APP}{}",
                filter(r#"kind == "log" && !(app in ["shop", "bank"])"#)
            ),
            r#"filters.f.when: no app is called "bank"; write one that is there"#,
        ),
        (
            format!("{APP}{}", rule(r#"app != "shopp""#)),
            r#"attributes.r.when: no app is called "shopp"; did you mean "shop"?"#,
        ),
        (
            format!("{APP}{}", goes(r#"tenant == "acne""#)),
            r#"destinations.d.when: no app is of a tenant "acne"; did you mean "acme"?"#,
        ),
        (
            filter(r#"level == "err""#),
            r#"filters.f.when: "err" is no level that pages know; write trace, debug"#,
        ),
    ] {
        let said = said(&toml);
        assert_eq!(said.len(), 1, "{toml}: {said:?}");
        assert!(said[0].starts_with(expected), "{}", said[0]);
    }
    for toml in [
        format!(
            "{APP}{}",
            goes(r#"app == "shop" && tenant == "acme" || app =~ "b*""#)
        ),
        // Without apps they are what pages say, and from elsewhere comes what was booked there.
        filter(r#"app == "shopp" || tenant == "x""#),
        format!("{APP}{SOURCE}{}", goes(r#"app == "shopp""#)),
        filter(
            r#"level == "ERROR" || level in ["log", "warning", "Information"] || level =~ "err*""#,
        ),
    ] {
        assert_eq!(said(&toml), [""; 0], "{toml}");
    }
}

#[test]
fn a_template_that_fits_no_address_is_remarked() {
    let app = APP.replace("keys", "routes = [\"/users/:id\"]\nkeys");
    let said = said(&format!(
        "routes = [\"users/{{id}}\", \"/x/{{id}}\"]\n{app}"
    ));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("routes: users/{id} is for pages of a host called users; "));
    assert!(
        said[1].starts_with("apps.shop.routes: of /users/:id "),
        "{}",
        said[1]
    );
}

#[test]
fn a_key_that_is_a_route_below_the_path_is_remarked() {
    for key in ["config", "reports", "collect"] {
        let app = APP.replace("k1", key);
        let remarks = said(&format!("path = \"/rum\"\n{app}"));
        assert_eq!(remarks.len(), 1, "{key}");
        assert!(remarks[0].contains("apps.shop.keys: ") && remarks[0].contains("/rum/collect/KEY"));
        assert_eq!(said(&app), [""; 0], "{key}");
    }
    assert_eq!(said(&format!("path = \"/rum\"\n{APP}")), [""; 0]);
}

#[test]
fn a_folder_without_the_script_is_remarked_with_the_one_that_was_meant() {
    for (files, expected) in [
        (
            &["package.json", "dist/farol.js"][..],
            Some("did you mean "),
        ),
        (
            &["package.json"],
            Some("name the folder dist of @farol/web"),
        ),
        (
            &["index.js", "x.txt"],
            Some("name the folder dist of @farol/web"),
        ),
        (&["farol.js"], None),
        (&["farol-0.1.0.js"], None),
        (&["0.1.0/farol.js"], None),
        (&["farol.3f2a9c1b.js", "dist/farol.js"], None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "1").unwrap();
        }
        let said = said(&format!("[sdk]\ndir = {:?}\n", folder.path()));
        assert_eq!(
            said.len(),
            usize::from(expected.is_some()),
            "{files:?}: {said:?}"
        );
        if let Some(expected) = expected {
            assert!(
                said[0].starts_with("sdk.dir: /sdk/farol.js is not there")
                    && said[0].contains(expected),
                "{}",
                said[0]
            );
        }
    }
}
