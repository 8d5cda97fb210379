import { ValueError } from './errors.js';

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]?Infinity)$/i;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * What a column can hold. `parse` returns undefined for text that is no value of the type; `compare` never sees
 * missing values.
 */
const TYPES = {
  boolean: {
    is: (value) => typeof value === 'boolean',
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
    format: String,
    compare: (a, b) => Number(a) - Number(b),
  },
  integer: {
    is: (value) => Number.isSafeInteger(value),
    parse: (text) => (INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
    format: String,
    compare: (a, b) => a - b,
  },
  number: {
    is: (value) => typeof value === 'number',
    parse: (text) => (NUMBER.test(text) ? Number(text) : undefined),
    format: (value) => (Object.is(value, -0) ? '0' : String(value)),
    compare: compareNumbers,
  },
  date: {
    is: (value) => value instanceof Date && value.getTime() % 86_400_000 === 0,
    parse: parseDate,
    format: (value) => value.toISOString().slice(0, 10),
    compare: (a, b) => a.getTime() - b.getTime(),
  },
  text: {
    is: (value) => typeof value === 'string',
    parse: (text) => text,
    format: (value) => value,
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  },
};

/** From the narrowest to the one that holds all text; inference takes the first that fits. */
export const TYPE_NAMES = Object.freeze(Object.keys(TYPES));

/** The type of this name. Throws ValueError for a name that is none. */
export function typeOf(name) {
  if (!Object.hasOwn(TYPES, name)) {
    throw new ValueError(`${JSON.stringify(name)} is no type; known are ${TYPE_NAMES.join(', ')}`);
  }
  return TYPES[name];
}

/** The value as a column of the type keeps it. Throws ValueError. */
export function checked(value, typeName, where) {
  if (value === null || value === undefined) return null;
  if (!typeOf(typeName).is(value)) {
    throw new ValueError(`${where}: ${show(value)} is no ${typeName}`);
  }
  return value;
}

/** A value as text, a missing one as `missing`. */
export function format(value, typeName, missing = '') {
  return value === null ? missing : typeOf(typeName).format(value);
}

function compareNumbers(a, b) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseDate(text) {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined;
}

function show(value) {
  return value instanceof Date ? `the date ${value.getTime()}` : JSON.stringify(value) ?? String(value);
}
