import { KeyMap } from './keys.js';
import { typeOf } from './types.js';

/**
 * An aggregate: the column that it reads (undefined: none, it is given whole rows), the type of its result when that
 * column has a given type, and what it makes of a group's values, missing ones left out.
 */
function aggregate(column, resultType, of) {
  return Object.freeze({ column, resultType, of });
}

const same = (typeName) => typeName;
const extreme = (sign) => (values, typeName) => {
  const { compare } = typeOf(typeName);
  return values.reduce((best, each) => (best === null || sign * compare(each, best) > 0 ? each : best), null);
};

/** Rows, or the values of a column that are not missing. */
export const count = (column) => aggregate(column, () => 'integer', (values) => values.length);

/** How many different values a column has. */
export const countDistinct = (column) =>
  aggregate(column, () => 'integer', (values) => {
    const seen = new KeyMap();
    return values.filter((value) => seen.add([value])).length;
  });

/** The sum of a numeric column, with Neumaier's compensation; 0 for no values. */
export const sum = (column) => aggregate(column, numeric, total);

/** The arithmetic mean of a numeric column. */
export const mean = (column) =>
  aggregate(column, (typeName) => numeric(typeName) && 'number', (values) =>
    values.length === 0 ? null : total(values) / values.length,
  );

/** The middle value of a numeric column, the mean of the two middle ones where their number is even. */
export const median = (column) =>
  aggregate(column, (typeName) => numeric(typeName) && 'number', (values) => {
    if (values.length === 0) return null;
    const sorted = [...values].sort(typeOf('number').compare);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  });

export const min = (column) => aggregate(column, same, extreme(-1));
export const max = (column) => aggregate(column, same, extreme(1));
export const first = (column) => aggregate(column, same, (values) => values[0] ?? null);
export const last = (column) => aggregate(column, same, (values) => values.at(-1) ?? null);

function numeric(typeName) {
  if (typeName !== 'integer' && typeName !== 'number') throw new TypeError(`a numeric column is needed, not ${typeName}`);
  return typeName;
}

function total(values) {
  let whole = 0;
  let lost = 0;
  for (const value of values) {
    const next = whole + value;
    lost += Math.abs(whole) >= Math.abs(value) ? whole - next + value : value - next + whole;
    whole = next;
  }
  return Number.isFinite(whole) ? whole + lost : whole;
}
