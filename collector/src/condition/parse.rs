//! From the text of a condition to its tree. By hand, because an error has to say where it is and what would be right.

use farol_protocol::kind::Kind;

use super::subject::METRIC;
use super::{Field, Literal, MOST_DEPTH, MOST_LETTERS, MOST_NODES, Node, Op};

pub(super) fn parse(text: &str) -> Result<Node, String> {
    if text.len() > MOST_LETTERS {
        return Err(format!(
            "longer than {MOST_LETTERS} letters; make several of it"
        ));
    }
    let mut parser = Parser {
        text,
        at: 0,
        nodes: 0,
    };
    let root = parser.or(0)?;
    match parser.rest().is_empty() {
        true => Ok(root),
        false => Err(parser.wrong("here && or || could stand")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
}

type Parsed<T> = Result<T, String>;

/// The longest first.
const OPS: &[(&str, Op)] = &[
    ("==", Op::Equal),
    ("!=", Op::Unequal),
    ("=~", Op::Like),
    ("!~", Op::Unlike),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("<", Op::Less),
    (">", Op::More),
];

impl<'a> Parser<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn wrong(&mut self, wanted: &str) -> String {
        let rest = self.rest();
        let place = self.text[..self.at].chars().count() + 1;
        let found: String = rest.chars().take(12).collect();
        match found.is_empty() {
            true => format!("it ends at letter {place}; {wanted}"),
            false => format!("at letter {place} stands {found:?}; {wanted}"),
        }
    }

    fn or(&mut self, depth: usize) -> Parsed<Node> {
        let mut nodes = vec![self.and(depth)?];
        while self.take("||") {
            nodes.push(self.and(depth)?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn and(&mut self, depth: usize) -> Parsed<Node> {
        let mut nodes = vec![self.not(depth)?];
        while self.take("&&") {
            nodes.push(self.not(depth)?);
        }
        Ok(one_or(nodes, Node::And))
    }

    fn not(&mut self, depth: usize) -> Parsed<Node> {
        if depth > MOST_DEPTH {
            return Err(self.wrong("nested deeper than anybody reads"));
        }
        if self.take("!") {
            return Ok(Node::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            return match self.take(")") {
                true => Ok(inner),
                false => Err(self.wrong("close the parenthesis")),
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Node> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(self.wrong("that are too many comparisons; make several conditions of it"));
        }
        let field = self.field()?;
        if let Some((sign, op)) = OPS.iter().find(|(sign, _)| self.rest().starts_with(sign)) {
            self.at += sign.len();
            let literal = folded(&field, self.literal()?);
            if matches!(op, Op::Like | Op::Unlike) && !matches!(literal, Literal::Text(_)) {
                return Err(self.wrong("a pattern in quotes stands behind =~"));
            }
            if matches!(op, Op::Equal | Op::Unequal) {
                self.possible(&field, &literal)?;
            }
            return Ok(Node::Test(field, *op, literal));
        }
        let rest = self.rest();
        if rest.starts_with("in") && rest[2..].starts_with([' ', '[']) {
            self.at += 2;
            if !self.take("[") {
                return Err(self.wrong("write a list such as [\"a\", \"b\"]"));
            }
            let mut all = Vec::new();
            while !self.take("]") {
                let literal = folded(&field, self.literal()?);
                self.possible(&field, &literal)?;
                all.push(literal);
                self.nodes += 1;
                if self.nodes > MOST_NODES {
                    return Err(self.wrong("the list is too long"));
                }
                if !self.take(",") && !self.rest().starts_with(']') {
                    return Err(self.wrong("a comma or ] is missing"));
                }
            }
            return Ok(Node::In(field, all));
        }
        Ok(Node::Exists(field))
    }

    /// Kinds are a small set: another word never holds, and is a slip.
    fn possible(&mut self, field: &Field, literal: &Literal) -> Parsed<()> {
        let is_kind =
            |word: &str| word == METRIC || Kind::ALL.iter().any(|kind| kind.name() == word);
        match (field, literal) {
            (Field::Kind, Literal::Text(word)) if is_kind(word) => Ok(()),
            (Field::Kind, literal) => {
                let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                let given = match literal {
                    Literal::Text(word) => format!("{word:?}"),
                    _ => "what is compared with it".to_owned(),
                };
                Err(format!(
                    "{given} is no kind of item; write {} or {METRIC}",
                    kinds.join(", ")
                ))
            }
            _ => Ok(()),
        }
    }

    fn field(&mut self) -> Parsed<Field> {
        const WANTED: &str = "write app, kind, tenant, level, name, message or attributes[\"…\"]";
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let field = match &rest[..length] {
            "app" => Field::App,
            "kind" => Field::Kind,
            "tenant" => Field::Tenant,
            "level" => Field::Level,
            "name" => Field::Name,
            "message" => Field::Message,
            "attributes" => {
                self.at += length;
                if !self.take("[") {
                    return Err(self.wrong("an attribute's name stands in attributes[\"…\"]"));
                }
                let Literal::Text(name) = self.literal()? else {
                    return Err(self.wrong("an attribute's name stands in quotes"));
                };
                return match self.take("]") {
                    true => Ok(Field::Attribute(name)),
                    false => Err(self.wrong("] is missing")),
                };
            }
            _ => return Err(self.wrong(WANTED)),
        };
        self.at += length;
        Ok(field)
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let rest = self.rest();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let mut out = String::new();
            let mut chars = rest[1..].char_indices();
            while let Some((at, c)) = chars.next() {
                match c {
                    c if c == quote => {
                        self.at += at + 2;
                        return Ok(Literal::Text(out));
                    }
                    '\\' if quote == '"' => out.extend(chars.next().map(|(_, c)| c)),
                    c => out.push(c),
                }
            }
            return Err(self.wrong("the quote is not closed"));
        }
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '+'))
            .unwrap_or(rest.len());
        let literal = match &rest[..length] {
            "true" => Literal::Flag(true),
            "false" => Literal::Flag(false),
            number => match number.parse::<f64>() {
                Ok(n) if n.is_finite() => Literal::Number(n),
                _ => return Err(self.wrong("write a text in quotes, a number, true or false")),
            },
        };
        self.at += length;
        Ok(literal)
    }
}

/// Levels have no case: what they are compared with is in small letters, as [`super::Subject`] gives them.
fn folded(field: &Field, literal: Literal) -> Literal {
    match (field, literal) {
        (Field::Level, Literal::Text(text)) => Literal::Text(text.to_ascii_lowercase()),
        (_, literal) => literal,
    }
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => many(nodes),
    }
}
