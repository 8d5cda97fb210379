import { ColumnError } from './errors.js';
import { KeyMap } from './keys.js';
import { Table } from './table.js';

/** A table's rows by the values of some columns. */
export class Grouped {
  #table;
  #names;

  constructor(table, names) {
    for (const name of names) table.place(name);
    this.#table = table;
    this.#names = names;
  }

  /** `[values, rows]` of each group, in the order of first appearance. */
  groups() {
    const places = this.#names.map((name) => this.#table.place(name));
    const known = new KeyMap();
    const found = [];
    for (const row of this.#table.rows()) {
      const values = places.map((place) => row[place]);
      const group = known.get(values, () => {
        found.push([values, []]);
        return found.at(-1);
      });
      group[1].push(row);
    }
    return found;
  }

  /** One row a group: the columns that it is grouped by, then the aggregates by name. */
  aggregate(wanted) {
    const types = Object.fromEntries(this.#names.map((name) => [name, this.#table.types[name]]));
    const parts = Object.entries(wanted).map(([name, aggregate]) => {
      if (this.#names.includes(name)) throw new ColumnError(`${JSON.stringify(name)} is grouped by already`);
      const computed = prepared(this.#table, aggregate);
      types[name] = computed.type;
      return computed.of;
    });
    const rows = this.groups().map(([values, rows]) => [...values, ...parts.map((of) => of(rows))]);
    return new Table(types, rows, [...this.#names, ...Object.keys(wanted)]);
  }
}

/** An aggregate made ready for a table: the type of its result, and a function of rows. */
export function prepared(table, { column, resultType, of }) {
  if (column === undefined) return { type: resultType(), of };
  const place = table.place(column);
  const typeName = table.types[column];
  return {
    type: resultType(typeName),
    of: (rows) => of(rows.map((row) => row[place]).filter((value) => value !== null), typeName),
  };
}
