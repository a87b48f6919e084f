//! Conditions over one item, as settings write them: `app == "shop" && kind == "exception" && attributes["http.route"] =~ "/admin/*"`.
//!
//! A condition is read once and bounded in size; judging an item costs its number of comparisons, each linear in its texts.

mod known;
mod parse;
mod subject;

pub use subject::{Ground, Subject};

/// The most letters of a condition: far more than anybody reads.
const MOST_LETTERS: usize = 4096;
/// The most comparisons in one.
const MOST_NODES: usize = 64;
/// How deep parentheses may stand in each other.
const MOST_DEPTH: usize = 16;

/// A condition that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Exists(Field),
    Test(Field, Op, Literal),
    In(Field, Vec<Literal>),
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    App,
    Kind,
    Tenant,
    Level,
    Name,
    Message,
    Attribute(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Equal,
    Unequal,
    Like,
    Unlike,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
}

impl Condition {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, with its place counted in letters from 1.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            root: parse::parse(text)?,
            text: text.to_owned(),
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of apps that it compares with, letter by letter.
    pub(crate) fn apps(&self) -> Vec<&str> {
        self.compared(&Field::App)
    }

    /// The tenants, likewise.
    pub(crate) fn tenants(&self) -> Vec<&str> {
        self.compared(&Field::Tenant)
    }

    /// The levels, likewise, in small letters.
    pub(crate) fn levels(&self) -> Vec<&str> {
        self.compared(&Field::Level)
    }

    fn compared(&self, field: &Field) -> Vec<&str> {
        let mut found = Vec::new();
        compared(&self.root, field, &mut found);
        found
    }

    /// Whether an item fulfils it.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        holds(&self.root, subject)
    }
}

fn compared<'a>(node: &'a Node, field: &Field, found: &mut Vec<&'a str>) {
    let mut add = |of: &Field, literal: &'a Literal| match literal {
        Literal::Text(text) if of == field => found.push(text),
        _ => {}
    };
    match node {
        Node::And(all) | Node::Or(all) => all.iter().for_each(|it| compared(it, field, found)),
        Node::Not(node) => compared(node, field, found),
        Node::Test(of, Op::Equal | Op::Unequal, literal) => add(of, literal),
        Node::In(of, literals) => literals.iter().for_each(|it| add(of, it)),
        Node::Test(..) | Node::Exists(_) => {}
    }
}

fn holds(node: &Node, subject: &Subject<'_>) -> bool {
    match node {
        Node::And(all) => all.iter().all(|node| holds(node, subject)),
        Node::Or(any) => any.iter().any(|node| holds(node, subject)),
        Node::Not(node) => !holds(node, subject),
        Node::Exists(field) => subject.text(field).is_some_and(|text| text != "false"),
        Node::Test(field, op, literal) => {
            let text = subject.text(field);
            test(text.as_deref(), *op, literal)
        }
        Node::In(field, literals) => {
            let text = subject.text(field);
            literals
                .iter()
                .any(|literal| test(text.as_deref(), Op::Equal, literal))
        }
    }
}

/// What an item does not have is unequal to everything, and neither less nor more.
fn test(text: Option<&str>, op: Op, literal: &Literal) -> bool {
    let Some(text) = text else {
        return matches!(op, Op::Unequal | Op::Unlike);
    };
    let equal = || match literal {
        Literal::Text(wanted) => text == wanted,
        Literal::Number(wanted) => text.parse() == Ok(*wanted),
        Literal::Flag(wanted) => text.parse() == Ok(*wanted),
    };
    let like =
        || matches!(literal, Literal::Text(pattern) if glob(pattern.as_bytes(), text.as_bytes()));
    let order = || match literal {
        Literal::Number(wanted) => text.parse::<f64>().ok()?.partial_cmp(wanted),
        Literal::Text(wanted) => Some(text.cmp(wanted.as_str())),
        Literal::Flag(_) => None,
    };
    match op {
        Op::Equal => equal(),
        Op::Unequal => !equal(),
        Op::Like => like(),
        Op::Unlike => !like(),
        Op::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        Op::AtMost => order().is_some_and(std::cmp::Ordering::is_le),
        Op::More => order().is_some_and(std::cmp::Ordering::is_gt),
        Op::AtLeast => order().is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// `*` stands for any letters, `?` for one byte. Only the last `*` is ever tried again, so the cost is bounded by text times pattern.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                again = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut again {
                None => return false,
                Some((star, from)) => {
                    *from += 1;
                    (p, t) = (*star + 1, *from);
                }
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests;
