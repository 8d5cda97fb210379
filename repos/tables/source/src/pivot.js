import { ColumnError } from './errors.js';
import { prepared } from './group.js';
import { KeyMap } from './keys.js';
import { Table } from './table.js';
import { format } from './types.js';

/**
 * From long to wide: a row for each combination of `rows`, a column for each value of `columns`.
 *
 * @param {Table} table
 * @param {{ rows: string | string[], columns: string, values: string, aggregate: (column: string) => object }} options
 */
export function pivot(table, { rows, columns, values, aggregate }) {
  const names = [rows].flat();
  const places = names.map((name) => table.place(name));
  const across = table.place(columns);
  const { type, of } = prepared(table, aggregate(values));

  const heads = [];
  const sides = [];
  const seenHeads = new KeyMap();
  const seenSides = new KeyMap();
  const cells = new KeyMap();
  for (const row of table.rows()) {
    const side = places.map((place) => row[place]);
    const head = row[across];
    if (seenHeads.add([head])) heads.push(head);
    if (seenSides.add(side)) sides.push(side);
    cells.get([...side, head], () => []).push(row);
  }

  const headNames = heads.map((head) => format(head, table.types[columns], '(missing)'));
  const all = [...names, ...headNames];
  const twice = all.find((name, place) => all.indexOf(name) !== place);
  if (twice !== undefined) throw new ColumnError(`two columns would be called ${JSON.stringify(twice)}`);

  const types = Object.fromEntries(names.map((name) => [name, table.types[name]]));
  for (const name of headNames) types[name] = type;
  const wide = sides.map((side) => [
    ...side,
    ...heads.map((head) => {
      const found = cells.get([...side, head]);
      return found === undefined ? null : of(found);
    }),
  ]);
  return new Table(types, wide, all);
}
