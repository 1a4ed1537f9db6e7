//! The names of a file's nodes as a small tree, for people who did not write it.
//!
//! Owns what is shown of a structure; nodes of the same name and place are one
//! line with their number. Must not grow with the file.

use std::fmt;

use crate::import::xml::Shown;

/// Most lines.
const LINES_MAX: usize = 60;

/// The nodes of a file: `Mapping ×2`, indented as they are nested.
#[derive(Debug, Default)]
pub struct Outline {
    lines: Vec<Line>,
    roots: Vec<usize>,
    /// The open nodes; `None` once there are too many lines.
    open: Vec<Option<usize>>,
    /// Nodes that have no line.
    left_out: usize,
}

#[derive(Debug)]
struct Line {
    name: String,
    count: usize,
    inner: Vec<usize>,
}

impl Outline {
    pub(super) fn open(&mut self, name: &str) {
        let line = match self.open.last() {
            Some(None) => None,
            Some(&Some(parent)) => self.line(Some(parent), name),
            None => self.line(None, name),
        };
        match line.and_then(|at| self.lines.get_mut(at)) {
            Some(line) => line.count += 1,
            None => self.left_out += 1,
        }
        self.open.push(line);
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    fn line(&mut self, parent: Option<usize>, name: &str) -> Option<usize> {
        let beside = match parent {
            Some(parent) => self.lines.get(parent).map(|line| &line.inner),
            None => Some(&self.roots),
        };
        let has_name = |at: &&usize| self.lines.get(**at).is_some_and(|line| line.name == name);
        if let Some(&at) = beside.and_then(|beside| beside.iter().find(has_name)) {
            return Some(at);
        }
        let at = self.lines.len();
        if at >= LINES_MAX {
            return None;
        }
        self.lines.push(Line {
            name: name.to_owned(),
            count: 0,
            inner: Vec::new(),
        });
        match parent.and_then(|parent| self.lines.get_mut(parent)) {
            Some(parent) => parent.inner.push(at),
            None => self.roots.push(at),
        }
        Some(at)
    }

    /// No deeper than XML is read.
    fn write(&self, f: &mut fmt::Formatter<'_>, lines: &[usize], indent: usize) -> fmt::Result {
        for line in lines.iter().filter_map(|&at| self.lines.get(at)) {
            let name = Shown(&line.name).to_string();
            let name = name.trim_matches('"');
            writeln!(f, "{:indent$}{name} ×{}", "", line.count)?;
            self.write(f, &line.inner, indent + 2)?;
        }
        Ok(())
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &self.roots, 6)?;
        if self.left_out > 0 {
            writeln!(f, "      … and {} more nodes", self.left_out)?;
        }
        Ok(())
    }
}
