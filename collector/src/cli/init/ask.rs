//! Questions on a terminal: each with what an empty line means, and again where the answer cannot be.

use std::io::{BufRead, Write};

/// Wrong answers to one question after which nobody is taken to be there.
const PATIENCE: usize = 5;

/// Who is asked.
pub(super) struct Ask<'a> {
    lines: &'a mut dyn BufRead,
    out: &'a mut dyn Write,
}

impl<'a> Ask<'a> {
    pub(super) fn new(lines: &'a mut dyn BufRead, out: &'a mut dyn Write) -> Self {
        Self { lines, out }
    }

    /// Something that needs no answer.
    pub(super) fn say(&mut self, text: &str) -> Result<(), String> {
        let written = self.out.write_all(text.as_bytes());
        let written = written.and_then(|()| self.out.flush());
        written.map_err(|_| "the terminal is gone; nothing was written".to_owned())
    }

    /// One answer or more, divided by commas.
    pub(super) fn several(
        &mut self,
        question: &str,
        default: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Vec<String>, String> {
        let each = |text: &str| {
            let mut parts = text.split(',').map(str::trim);
            parts.try_for_each(&check)
        };
        let answer = self.one(question, default, each)?;
        Ok(answer.split(',').map(|it| it.trim().to_owned()).collect())
    }

    /// One answer.
    pub(super) fn one(
        &mut self,
        question: &str,
        default: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, String> {
        for _ in 0..PATIENCE {
            self.say(&format!("{question} [{default}]: "))?;
            let mut line = String::new();
            match self.lines.read_line(&mut line) {
                Ok(0) | Err(_) => {
                    return Err("the questions were not answered; nothing was written".to_owned());
                }
                Ok(_) => {}
            }
            let answer = match line.trim() {
                "" => default,
                answer => answer,
            };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(problem) => self.say(&format!("  {problem}\n"))?,
            }
        }
        Err("the questions were not answered; nothing was written".to_owned())
    }
}
