//! A condition where only the app and its tenant are known: metrics are made of many items, and have nothing else of these.

use super::{Condition, Field, Node, test};
use super::{Literal, Op};

impl Condition {
    /// Whether an item of this app could fulfil it, whatever else the item is.
    pub fn may_hold(&self, app: &str, tenant: &str) -> bool {
        judge(&self.root, app, tenant) != Some(false)
    }
}

/// `None` where it depends on the item.
fn judge(node: &Node, app: &str, tenant: &str) -> Option<bool> {
    let known = |field: &Field| {
        let text = match field {
            Field::App => app,
            Field::Tenant => tenant,
            _ => return None,
        };
        Some((!text.is_empty()).then_some(text))
    };
    let compare =
        |field: &Field, op: Op, literal: &Literal| known(field).map(|text| test(text, op, literal));
    match node {
        Node::And(all) => all_of(all.iter().map(|node| judge(node, app, tenant))),
        Node::Or(any) => any_of(any.iter().map(|node| judge(node, app, tenant))),
        Node::Not(node) => judge(node, app, tenant).map(|holds| !holds),
        Node::Exists(field) => known(field).map(|text| text.is_some_and(|text| text != "false")),
        Node::Test(field, op, literal) => compare(field, *op, literal),
        Node::In(field, literals) => {
            any_of(literals.iter().map(|it| compare(field, Op::Equal, it)))
        }
    }
}

fn all_of(mut judged: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let all = judged.try_fold(Some(true), |sum, one| match one {
        Some(false) => Err(()),
        one => Ok(sum.and(one)),
    });
    all.unwrap_or(Some(false))
}

fn any_of(judged: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all_of(judged.map(|one| one.map(|holds| !holds))).map(|none| !none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_app_and_tenant_alone_is_known_and_all_else_is_possible() {
        for (text, shop, bank) in [
            (r#"app == "shop""#, true, false),
            (r#"app != "shop""#, false, true),
            (r#"!(app == "shop")"#, false, true),
            (r#"app in ["shop", "x"]"#, true, false),
            (r#"tenant == "one""#, true, false),
            ("tenant", true, false),
            (r#"app =~ "sh*" && kind == "exception""#, true, false),
            (r#"app == "bank" || kind == "exception""#, true, true),
            (r#"app == "bank" || tenant == "one""#, true, true),
            (r#"!(app == "bank" || kind == "log")"#, true, false),
            (r#"kind == "exception""#, true, true),
            (r#"kind in ["log"]"#, true, true),
            (r#"!(kind == "log" && app == "bank")"#, true, true),
        ] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.may_hold("shop", "one"), shop, "{text}");
            assert_eq!(condition.may_hold("bank", ""), bank, "{text}");
        }
    }
}
