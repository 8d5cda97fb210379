/** Everything that this package throws on purpose. */
export class TableError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** Text that is no CSV, or no value of a column's type. */
export class ParseError extends TableError {
  /**
   * @param {string} message
   * @param {number} line from 1
   * @param {number} column from 1
   */
  constructor(message, line, column) {
    super(`line ${line}, column ${column}: ${message}`);
    this.line = line;
    this.column = column;
  }
}

/** A column that is not there, or is there twice. */
export class ColumnError extends TableError {}

/** A value that is not of its column's type. */
export class ValueError extends TableError {}
