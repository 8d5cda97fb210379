import { ColumnError, TableError } from './errors.js';
import { KeyMap } from './keys.js';
import { Table } from './table.js';

const HOW = ['inner', 'left', 'full', 'anti'];

/**
 * Two tables side by side, by the columns `on` that both have.
 *
 * @param {Table} left
 * @param {Table} right
 * @param {{ on: string | string[], how?: 'inner' | 'left' | 'full' | 'anti' }} options
 */
export function join(left, right, { on, how = 'inner' }) {
  if (!HOW.includes(how)) throw new TableError(`${JSON.stringify(how)} is no kind of join; known are ${HOW.join(', ')}`);
  const keys = [on].flat();
  const added = right.names.filter((name) => !keys.includes(name));
  check(left, right, keys, how === 'anti' ? [] : added);
  const leftKeys = keys.map((name) => left.place(name));
  const rightKeys = keys.map((name) => right.place(name));
  const addedPlaces = added.map((name) => right.place(name));
  const index = indexed(right, rightKeys);

  const rows = [];
  const used = new Set();
  for (const row of left.rows()) {
    const matches = matching(index, row, leftKeys);
    if (how === 'anti') {
      if (matches.length === 0) rows.push(row);
      continue;
    }
    for (const match of matches) {
      rows.push([...row, ...addedPlaces.map((place) => match[place])]);
      used.add(match);
    }
    if (matches.length === 0 && how !== 'inner') rows.push([...row, ...added.map(() => null)]);
  }
  if (how === 'anti') return new Table(left.types, rows, left.names);
  if (how === 'full') {
    for (const row of right.rows()) {
      if (used.has(row)) continue;
      const own = left.names.map((name) => (keys.includes(name) ? row[right.place(name)] : null));
      rows.push([...own, ...addedPlaces.map((place) => row[place])]);
    }
  }
  const types = { ...left.types, ...Object.fromEntries(added.map((name) => [name, right.types[name]])) };
  return new Table(types, rows, [...left.names, ...added]);
}

function indexed(table, places) {
  const index = new KeyMap();
  for (const row of table.rows()) index.get(keyOf(row, places), () => []).push(row);
  return index;
}

function matching(index, row, places) {
  const key = keyOf(row, places);
  return key.includes(null) ? [] : index.get(key) ?? [];
}

function keyOf(row, places) {
  return places.map((place) => row[place]);
}

function check(left, right, keys, added) {
  if (keys.length === 0) throw new ColumnError('a join needs at least one column');
  for (const name of keys) {
    for (const table of [left, right]) table.place(name);
    if (left.types[name] !== right.types[name]) {
      const kinds = `${left.types[name]} on the left and ${right.types[name]} on the right`;
      throw new ColumnError(`${JSON.stringify(name)} is ${kinds}; convert one of them`);
    }
  }
  const both = added.find((name) => left.names.includes(name));
  if (both !== undefined) throw new ColumnError(`both tables have ${JSON.stringify(both)}, which is no key; rename one`);
}
