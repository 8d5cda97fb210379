import { ColumnError, ParseError } from './errors.js';
import { Table } from './table.js';
import { TYPE_NAMES, format, typeOf } from './types.js';

/**
 * A table from CSV (RFC 4180, and any line ends).
 *
 * @param {string} text the first row names the columns
 * @param {{ delimiter?: string, types?: Record<string, string> }} options types of columns that are known
 */
export function readCsv(text, { delimiter = ',', types = {} } = {}) {
  const found = cells(text, delimiter);
  const start = found.findIndex((row) => !blank(row));
  if (start === -1) throw new ParseError('the row of column names is missing', 1, 1);
  const names = found[start].map((cell) => cell.text);
  const rows = found.slice(start + 1).filter((row) => names.length === 1 || !blank(row));
  for (const name of Object.keys(types)) {
    if (!names.includes(name)) throw new ColumnError(`types name ${JSON.stringify(name)}, which is no column here`);
  }
  for (const row of rows) {
    if (row.length !== names.length) {
      const problem = `${row.length} cells where there are ${names.length} columns`;
      throw new ParseError(problem, row[0].line, row[0].column);
    }
  }
  const kinds = names.map((name, place) => types[name] ?? inferred(rows.map((row) => row[place])));
  const values = rows.map((row) => row.map((cell, place) => valueOf(cell, kinds[place])));
  return new Table(Object.fromEntries(names.map((name, place) => [name, kinds[place]])), values, names);
}

/** CSV that `readCsv` reads back, given the same types. */
export function writeCsv(table, { delimiter = ',' } = {}) {
  const { names, types } = table;
  const lines = [names.map((name) => quoted(name, delimiter))];
  for (const row of table.rows()) {
    lines.push(row.map((value, place) => (value === null ? '' : quoted(format(value, types[names[place]]), delimiter))));
  }
  return lines.map((line) => `${line.join(delimiter)}\n`).join('');
}

function quoted(text, delimiter) {
  const needed = text === '' || text.includes(delimiter) || /["\r\n]/.test(text) || text.trim() !== text;
  return needed ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The narrowest type that all cells are of; text for a column without any value. */
function inferred(column) {
  const given = column.filter((cell) => cell.quoted || cell.text !== '');
  if (given.length === 0 || given.some((cell) => cell.quoted && cell.text === '')) return 'text';
  return TYPE_NAMES.find((name) => given.every((cell) => typeOf(name).parse(cell.text) !== undefined));
}

function valueOf(cell, typeName) {
  if (cell.text === '' && !(cell.quoted && typeName === 'text')) return null;
  const value = typeOf(typeName).parse(cell.text);
  if (value === undefined) throw new ParseError(`${JSON.stringify(cell.text)} is no ${typeName}`, cell.line, cell.column);
  return value;
}

/** A line without anything in it: no row, but in a table of one column, where it is a missing value. */
function blank(row) {
  return row.length === 1 && row[0].text === '' && !row[0].quoted;
}

/** Rows of `{ text, quoted, line, column }`, one for each line. */
function cells(text, delimiter) {
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new ColumnError(`${JSON.stringify(delimiter)} is no delimiter; one character other than a quote is needed`);
  }
  const rows = [];
  let row = [];
  let place = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  let lineStart = place;

  while (place < text.length) {
    const cell = { text: '', quoted: text[place] === '"', line, column: place - lineStart + 1 };
    if (cell.quoted) {
      for (place += 1; ; place += 1) {
        if (place >= text.length) throw new ParseError('the quoted cell has no end', cell.line, cell.column);
        if (text[place] === '"' && text[place + 1] === '"') place += 1;
        else if (text[place] === '"') break;
        if (text[place] === '\n') [line, lineStart] = [line + 1, place + 1];
        cell.text += text[place];
      }
      place += 1;
      if (place < text.length && text[place] !== delimiter && !/[\r\n]/.test(text[place])) {
        throw new ParseError('text after the end of a quoted cell', line, place - lineStart + 1);
      }
    } else {
      while (place < text.length && text[place] !== delimiter && !/[\r\n]/.test(text[place])) {
        cell.text += text[place];
        place += 1;
      }
    }
    row.push(cell);
    if (text[place] === delimiter) {
      place += 1;
      if (place < text.length && !/[\r\n]/.test(text[place])) continue;
      row.push({ text: '', quoted: false, line, column: place - lineStart + 1 });
    }
    if (place < text.length) {
      place += text[place] === '\r' && text[place + 1] === '\n' ? 2 : 1;
      [line, lineStart] = [line + 1, place];
    }
    rows.push(row);
    row = [];
  }
  return rows;
}
