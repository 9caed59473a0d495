// Names and values inside SQL expressions.

/** A column's name as it must stand in a SQL expression, so that upper case, spaces and keywords work. */
export const quote = (name) => `"${String(name).replaceAll('"', '""')}"`;

/** A text as it must stand in a SQL expression. */
export const literal = (text) => `'${String(text).replaceAll("'", "''")}'`;
