import { ColumnError, ValueError } from './errors.js';
import { Grouped } from './group.js';
import { KeyMap } from './keys.js';
import { by, comparing } from './sort.js';
import { checked, typeOf } from './types.js';

/** Rows under named columns of one type each; never changes. */
export class Table {
  #places;
  #rows;

  /**
   * @param {Record<string, string>} types column name → name of its type
   * @param {unknown[][]} rows values in the order of `names`
   * @param {string[]} names the columns' order; that of `types` when left out
   */
  constructor(types, rows = [], names = Object.keys(types)) {
    this.#places = new Map(names.map((name, place) => [name, place]));
    if (this.#places.size !== names.length) {
      const twice = names.find((name, place) => names.indexOf(name) !== place);
      throw new ColumnError(`two columns are called ${JSON.stringify(twice)}`);
    }
    for (const name of names) typeOf(types[name]);
    this.names = Object.freeze([...names]);
    this.types = Object.freeze(Object.fromEntries(names.map((name) => [name, types[name]])));
    this.#rows = rows.map((row, number) => {
      if (row.length !== names.length) {
        throw new ValueError(`row ${number + 1} has ${row.length} values, and there are ${names.length} columns`);
      }
      return Object.freeze(row.map((value, place) => checked(value, types[names[place]], names[place])));
    });
  }

  /** A table from objects; keys that are no column are an error. */
  static fromRecords(types, records) {
    const names = Object.keys(types);
    for (const record of records) {
      const unknown = Object.keys(record).find((name) => !names.includes(name));
      if (unknown !== undefined) throw new ColumnError(`${JSON.stringify(unknown)} is no column of this table`);
    }
    return new Table(types, records.map((record) => names.map((name) => record[name] ?? null)));
  }

  get length() {
    return this.#rows.length;
  }

  /** The rows as frozen arrays, in the order of `names`. */
  rows() {
    return this.#rows.values();
  }

  toRecords() {
    return this.#rows.map((row) => this.#record(row));
  }

  /** One column's values. */
  column(name) {
    const place = this.place(name);
    return this.#rows.map((row) => row[place]);
  }

  /** A column's place among the values of a row. Throws ColumnError. */
  place(name) {
    const place = this.#places.get(name);
    if (place === undefined) {
      throw new ColumnError(`there is no column ${JSON.stringify(name)}; there are ${this.names.join(', ') || 'none'}`);
    }
    return place;
  }

  select(...names) {
    const places = names.map((name) => this.place(name));
    return new Table(this.types, this.#rows.map((row) => places.map((place) => row[place])), names);
  }

  without(...names) {
    for (const name of names) this.place(name);
    return this.select(...this.names.filter((name) => !names.includes(name)));
  }

  rename(changes) {
    for (const name of Object.keys(changes)) this.place(name);
    const names = this.names.map((name) => (Object.hasOwn(changes, name) ? changes[name] : name));
    const types = Object.fromEntries(names.map((name, place) => [name, this.types[this.names[place]]]));
    return new Table(types, this.#rows, names);
  }

  /** The rows for which `test(record)` holds. */
  where(test) {
    return this.#with(this.#rows.filter((row) => test(this.#record(row))));
  }

  /** A further column, or other values in one that is there: `make(record)` for each row. */
  derive(name, typeName, make) {
    const place = this.#places.get(name) ?? this.names.length;
    const rows = this.#rows.map((row) => {
      const values = [...row];
      values[place] = make(this.#record(row));
      return values;
    });
    const names = this.#places.has(name) ? this.names : [...this.names, name];
    return new Table({ ...this.types, [name]: typeName }, rows, names);
  }

  /** Sorted, by the first order first; equal rows stay in their order. */
  sortBy(...orders) {
    const wanted = orders.map((order) => (typeof order === 'string' ? by(order) : order));
    return this.#with([...this.#rows].sort(comparing(wanted, (name) => this.place(name), this.types)));
  }

  head(count) {
    return this.#with(this.#rows.slice(0, Math.max(0, count)));
  }

  /** The `count` rows with the greatest values in a column, the greatest first. */
  top(count, name) {
    return this.sortBy(by(name).descending()).head(count);
  }

  /** The first row of each combination of values, in these columns or in all. */
  distinct(...names) {
    const places = (names.length > 0 ? names : this.names).map((name) => this.place(name));
    const seen = new KeyMap();
    return this.#with(this.#rows.filter((row) => seen.add(places.map((place) => row[place]))));
  }

  /** The rows of both, which must have the same columns of the same types in whatever order. */
  concat(other) {
    const missing = this.names.find((name) => other.types[name] !== this.types[name]);
    if (missing !== undefined || other.names.length !== this.names.length) {
      throw new ColumnError(`the columns differ: ${describe(this)} and ${describe(other)}`);
    }
    return this.#with([...this.#rows, ...other.select(...this.names).rows()]);
  }

  groupBy(...names) {
    return new Grouped(this, names);
  }

  #with(rows) {
    return new Table(this.types, rows, this.names);
  }

  #record(row) {
    return Object.fromEntries(this.names.map((name, place) => [name, row[place]]));
  }
}

function describe(table) {
  return table.names.map((name) => `${name} (${table.types[name]})`).join(', ');
}
