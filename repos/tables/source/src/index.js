export { count, countDistinct, first, last, max, mean, median, min, sum } from './aggregate.js';
export { readCsv, writeCsv } from './csv.js';
export { ColumnError, ParseError, TableError, ValueError } from './errors.js';
export { join } from './join.js';
export { pivot } from './pivot.js';
export { render } from './render.js';
export { by } from './sort.js';
export { Table } from './table.js';
