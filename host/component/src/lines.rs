//! Which source file and line an instruction of a plugin was compiled from.
//!
//! The tables are whatever somebody put into the file. Looking something up reads each of their bytes a few times and keeps
//! none, so that the size that is kept of them bounds time and memory; general readers of DWARF promise neither.

mod cursor;
mod path;
mod program;

use std::fmt;
use std::ops::Range;

use wasmparser::{Parser, Payload};

use crate::read::componentize;
use cursor::Cursor;
use program::{Program, Row};

const LINES: &str = ".debug_line";
const STRINGS: &str = ".debug_line_str";

/// Whether a custom section of this name is looked into to find places.
pub(crate) fn is_table(section: &str) -> bool {
    section == LINES || section == STRINGS
}

/// The line tables of a plugin's core modules: those DWARF sections of them that a place in a source takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTables {
    modules: Vec<Module>,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, without the folders of the machine that compiled it. Contains no control characters.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Module {
    /// Where its code is in the component: addresses in its tables count from there.
    code: Range<usize>,
    /// What the section [`LINES`] holds.
    lines: Vec<u8>,
    /// What the section [`STRINGS`] holds.
    strings: Vec<u8>,
}

impl LineTables {
    /// The tables of a plugin's file, a component or a core module that is made into one. There are none if the file has
    /// none, if it cannot be read, or if they have more than `most` bytes.
    pub fn of(plugin: &[u8], most: usize) -> Self {
        let tables = Self::read(plugin, most).unwrap_or_default();
        if tables.is_empty() || Parser::is_component(plugin) {
            return tables;
        }
        // Code lies elsewhere in the component that is run.
        let component = componentize(plugin).ok();
        component
            .and_then(|component| Self::read(&component, most))
            .unwrap_or_default()
    }

    /// Whether nothing can be looked up in them.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// The places of instructions, which are given by their offsets in the component; of what was inlined, where it is
    /// written. Takes time in proportion to the tables' size, so give all offsets at once.
    pub fn places(&self, offsets: &[usize]) -> Vec<Option<Place>> {
        let mut places = vec![None; offsets.len()];
        for module in &self.modules {
            let here = offsets
                .iter()
                .enumerate()
                .filter(|(_, offset)| module.code.contains(offset));
            let addresses = here.map(|(index, offset)| (index, (offset - module.code.start) as u64));
            module.look_up(addresses.collect(), &mut places);
        }
        places
    }

    fn read(wasm: &[u8], most: usize) -> Option<Self> {
        let (mut open, mut modules) = (Vec::<Module>::new(), Vec::new());
        let mut bytes = 0usize;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.ok()? {
                Payload::Version { .. } => open.push(Module::default()),
                Payload::End(_) => modules.extend(open.pop().filter(|module| !module.lines.is_empty())),
                Payload::CodeSectionStart { range, .. } => open.last_mut()?.code = range,
                Payload::CustomSection(section) => {
                    let module = open.last_mut()?;
                    let kept = match section.name() {
                        LINES => &mut module.lines,
                        STRINGS => &mut module.strings,
                        _ => continue,
                    };
                    bytes = bytes.saturating_add(section.data().len());
                    if bytes > most {
                        return None;
                    }
                    section.data().clone_into(kept);
                }
                _ => {}
            }
        }
        Some(LineTables { modules })
    }
}

impl Module {
    /// Finds the places of the addresses in its code. The first program that knows an address has the last word on it, so
    /// that no more rows are looked into than there are addresses.
    fn look_up(&self, mut addresses: Vec<(usize, u64)>, places: &mut [Option<Place>]) {
        let mut section = Cursor::new(&self.lines);
        while !addresses.is_empty()
            && let Some(program) = Program::next(&mut section, &self.strings)
        {
            let mut found: Vec<(usize, Row)> = Vec::new();
            program.rows(|stretch, row| {
                addresses.retain(|(index, address)| {
                    let is_here = stretch.contains(address);
                    if is_here {
                        found.push((*index, row));
                    }
                    !is_here
                });
            });
            for (index, row) in found {
                places[index] = place_of(&program, row);
            }
        }
    }
}

/// `None` for code that no line of a source is behind.
fn place_of(program: &Program<'_>, row: Row) -> Option<Place> {
    let line = u32::try_from(row.line).ok().filter(|line| *line > 0)?;
    let file = path::shown(&program.file_of(row)?)?;
    Some(Place { file, line })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests;
