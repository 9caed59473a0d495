//! A line number program of DWARF, versions 2 to 5: which instruction is of which line.
//!
//! Each byte is read a bounded number of times and nothing is kept of it, whatever it says.

use std::ops::Range;

use super::cursor::Cursor;

/// A program of the section `.debug_line`.
pub(super) struct Program<'a> {
    version: u64,
    /// Bytes of an offset into another section.
    offset_size: u64,
    /// Bytes of the shortest instruction.
    step: u64,
    line_base: i8,
    line_range: u8,
    /// The first operation that moves on both address and line.
    special: u8,
    /// How many operands the operations below that have.
    operands: &'a [u8],
    /// The tables of folders and files.
    tables: Cursor<'a>,
    code: Cursor<'a>,
    /// The section `.debug_line_str`, which the tables of version 5 refer to.
    strings: &'a [u8],
}

/// What an instruction was compiled from.
#[derive(Clone, Copy)]
pub(super) struct Row {
    address: u64,
    file: u64,
    pub(super) line: u64,
}

/// A file as a program names it.
pub(super) struct File<'a> {
    pub(super) name: &'a [u8],
    /// None if it is in the folder of the compilation.
    pub(super) folder: Option<&'a [u8]>,
    /// The folder of the compilation, where the program says it.
    pub(super) compiled_in: Option<&'a [u8]>,
}

/// What came of an operation.
enum Done {
    Nothing,
    /// The row is one of the table.
    Row,
    /// So it is, and the last before another stretch of code.
    LastRow,
}

/// An entry of the tables of version 5.
struct Entry<'a> {
    name: Option<Value<'a>>,
    folder: u64,
}

/// A value of such an entry.
#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a [u8]),
    /// Text that is at this place of the section `.debug_line_str`: looked at when it is wanted, since any number of entries
    /// may be about the same megabytes.
    TextAt(u64),
    Number(u64),
    /// Of no use here.
    Other,
}

const FIRST_ROW: Row = Row {
    address: 0,
    file: 1,
    line: 1,
};

impl<'a> Program<'a> {
    /// Takes the next program that makes sense from what is left of `.debug_line`. `None` at the end, and where it is damaged
    /// beyond finding the next.
    pub(super) fn next(section: &mut Cursor<'a>, strings: &'a [u8]) -> Option<Self> {
        loop {
            let (length, offset_size) = match section.number(4)? {
                0xffff_ffff => (section.number(8)?, 8),
                length => (length, 4),
            };
            let program = Cursor::new(section.bytes(length)?);
            if let Some(program) = Self::read(program, offset_size, strings) {
                return Some(program);
            }
        }
    }

    fn read(mut program: Cursor<'a>, offset_size: u64, strings: &'a [u8]) -> Option<Self> {
        let version = program.number(2)?;
        if !(2..=5).contains(&version) {
            return None;
        }
        if version == 5 {
            // The sizes of addresses, which the operations say too, and of segments, which there are none of.
            program.bytes(2)?;
        }
        let header = program.number(offset_size)?;
        let mut header = Cursor::new(program.bytes(header)?);
        let step = u64::from(header.byte()?);
        if version >= 4 {
            // Operations per instruction, for machines that have several.
            header.byte()?;
        }
        let _is_statement = header.byte()?;
        let line_base = header.byte()?.cast_signed();
        let line_range = header.byte()?;
        let special = header.byte()?;
        if line_range == 0 || special == 0 {
            return None;
        }
        let operands = header.bytes(u64::from(special) - 1)?;
        Some(Program {
            version,
            offset_size,
            step,
            line_base,
            line_range,
            special,
            operands,
            tables: header,
            code: program,
            strings,
        })
    }

    /// Shows each stretch of code and its row, up to the first that makes no sense.
    pub(super) fn rows(&self, mut seen: impl FnMut(Range<u64>, Row)) {
        let mut code = self.code;
        let (mut row, mut last) = (FIRST_ROW, None::<Row>);
        let mut is_linked = true;
        while !code.is_empty() {
            let Some(done) = self.execute(&mut code, &mut row) else {
                return;
            };
            if matches!(done, Done::Nothing) {
                continue;
            }
            match last {
                // Functions that a linker left out are said to begin at 0, where no code can be.
                None => is_linked = row.address != 0,
                Some(last) if is_linked && last.address < row.address => seen(last.address..row.address, last),
                Some(_) => {}
            }
            last = Some(row);
            if matches!(done, Done::LastRow) {
                (row, last) = (FIRST_ROW, None);
            }
        }
    }

    /// The file of a row.
    pub(super) fn file_of(&self, row: Row) -> Option<File<'a>> {
        if self.version == 5 {
            self.file_by_entry(row.file)
        } else {
            self.file_by_name(row.file)
        }
    }

    fn execute(&self, code: &mut Cursor<'a>, row: &mut Row) -> Option<Done> {
        const COPY: u8 = 1;
        const ADVANCE_ADDRESS: u8 = 2;
        const ADVANCE_LINE: u8 = 3;
        const SET_FILE: u8 = 4;
        const ADVANCE_AS_255: u8 = 8;
        const ADVANCE_FIXED: u8 = 9;
        let operation = code.byte()?;
        if operation == 0 {
            return execute_extended(code, row);
        }
        if operation >= self.special {
            let line = i64::from(self.line_base) + i64::from((operation - self.special) % self.line_range);
            row.line = row.line.wrapping_add_signed(line);
            self.advance(row, self.advance_of(operation));
            return Some(Done::Row);
        }
        match operation {
            COPY => return Some(Done::Row),
            ADVANCE_ADDRESS => self.advance(row, code.unsigned()?),
            ADVANCE_LINE => row.line = row.line.wrapping_add_signed(code.signed()?),
            SET_FILE => row.file = code.unsigned()?,
            ADVANCE_AS_255 => self.advance(row, self.advance_of(255)),
            ADVANCE_FIXED => row.address = row.address.wrapping_add(code.number(2)?),
            // Columns and the like, and operations of versions to come.
            _ => {
                for _ in 0..*self.operands.get(usize::from(operation) - 1)? {
                    code.unsigned()?;
                }
            }
        }
        Some(Done::Nothing)
    }

    fn advance_of(&self, special: u8) -> u64 {
        u64::from((special - self.special) / self.line_range)
    }

    fn advance(&self, row: &mut Row, instructions: u64) {
        row.address = row.address.wrapping_add(instructions.wrapping_mul(self.step));
    }

    /// In versions up to 4: texts, the last of which is empty; files and folders are counted from 1.
    fn file_by_name(&self, wanted: u64) -> Option<File<'a>> {
        let mut tables = self.tables;
        let mut folders = tables;
        while !tables.text()?.is_empty() {}
        let mut number = 0;
        loop {
            number += 1;
            let name = tables.text().filter(|name| !name.is_empty())?;
            let folder = tables.unsigned()?;
            // When it was changed, and its size.
            tables.unsigned()?;
            tables.unsigned()?;
            if number < wanted {
                continue;
            }
            let mut text = None;
            for _ in 0..folder {
                text = Some(folders.text().filter(|folder| !folder.is_empty())?);
            }
            return Some(File {
                name,
                folder: text,
                compiled_in: None,
            });
        }
    }

    /// In version 5: entries of values, in forms that are said before; counted from 0. The first folder is that of the
    /// compilation.
    fn file_by_entry(&self, wanted: u64) -> Option<File<'a>> {
        let mut tables = self.tables;
        let (mut file, mut compiled_in, mut folder) = (None, None, None);
        self.entries(&mut tables, |number, entry| {
            if number == 0 {
                compiled_in = entry.name;
            }
        })?;
        self.entries(&mut tables, |number, entry| {
            if number == wanted {
                file = Some(entry);
            }
        })?;
        let Entry { name, folder: of_file } = file?;
        let text = |value: Option<Value<'a>>| self.text(value?);
        if of_file != 0 {
            self.entries(&mut self.tables.clone(), |number, entry| {
                if number == of_file {
                    folder = entry.name;
                }
            })?;
        }
        Some(File {
            name: text(name)?,
            folder: text(folder),
            compiled_in: text(compiled_in),
        })
    }

    fn text(&self, value: Value<'a>) -> Option<&'a [u8]> {
        match value {
            Value::Text(text) => Some(text),
            Value::TextAt(at) => Cursor::new(self.strings.get(usize::try_from(at).ok()?..)?).text(),
            Value::Number(_) | Value::Other => None,
        }
    }

    fn entries(&self, tables: &mut Cursor<'a>, mut seen: impl FnMut(u64, Entry<'a>)) -> Option<()> {
        let mut forms = Vec::new();
        for _ in 0..tables.byte()? {
            forms.push((tables.unsigned()?, tables.unsigned()?));
        }
        let count = tables.unsigned()?;
        if forms.is_empty() {
            // Any number of entries would fit into no byte at all.
            return (count == 0).then_some(());
        }
        for number in 0..count {
            seen(number, self.entry(tables, &forms)?);
        }
        Some(())
    }

    fn entry(&self, tables: &mut Cursor<'a>, forms: &[(u64, u64)]) -> Option<Entry<'a>> {
        const NAME: u64 = 1;
        const FOLDER: u64 = 2;
        let mut entry = Entry { name: None, folder: 0 };
        for (meaning, form) in forms {
            match (*meaning, self.value(tables, *form)?) {
                (NAME, name) => entry.name = Some(name),
                (FOLDER, Value::Number(folder)) => entry.folder = folder,
                _ => {}
            }
        }
        Some(entry)
    }

    /// A value, in any of the forms that a table may use; each takes a byte at least.
    fn value(&self, tables: &mut Cursor<'a>, form: u64) -> Option<Value<'a>> {
        let length = match form {
            // string
            0x08 => return tables.text().map(Value::Text),
            // line_strp
            0x1f => return tables.number(self.offset_size).map(Value::TextAt),
            // udata, strx
            0x0f | 0x1a => return tables.unsigned().map(Value::Number),
            // data1, data2, data4, data8
            0x0b => return tables.number(1).map(Value::Number),
            0x05 => return tables.number(2).map(Value::Number),
            0x06 => return tables.number(4).map(Value::Number),
            0x07 => return tables.number(8).map(Value::Number),
            // data16
            0x1e => 16,
            // strp, sec_offset
            0x0e | 0x17 => self.offset_size,
            // strx1 to strx4
            0x25..=0x28 => form - 0x24,
            // block, block1
            0x09 => tables.unsigned()?,
            0x0a => tables.number(1)?,
            _ => return None,
        };
        tables.bytes(length).map(|_| Value::Other)
    }
}

fn execute_extended(code: &mut Cursor<'_>, row: &mut Row) -> Option<Done> {
    const END: u8 = 1;
    const SET_ADDRESS: u8 = 2;
    let length = code.unsigned()?;
    let mut operand = Cursor::new(code.bytes(length)?);
    match operand.byte()? {
        END => return Some(Done::LastRow),
        SET_ADDRESS => {
            let size = operand.rest().len().min(8) as u64;
            row.address = operand.number(size)?;
        }
        _ => {}
    }
    Some(Done::Nothing)
}
