import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Table, count, countDistinct, join, pivot, sum } from '../src/index.js';

const TEXT = { a: 'text', b: 'text', n: 'integer' };
const bookings = new Table(TEXT, [
  ['A|B', 'C', 1],
  ['A', 'B|C', 2],
]);
const SEPARATORS = ['|', ',', ';', '/', '\\', '"', '","', "'", ' ', '\t', '\n', '\0', '\u0001', '\u001f', '\u0000text ', '\uffff', ':', '::'];
const day = (text) => new Date(`${text}T00:00:00Z`);
const lengths = (table, ...names) => [
  table.groupBy(...names).aggregate({ rows: count() }).length,
  table.distinct(...names).length,
];

describe('text with separators in it', () => {
  it('is grouped by what it is', () => {
    const found = bookings.groupBy('a', 'b').aggregate({ n: sum('n') });
    assert.deepEqual([...found.rows()], [['A|B', 'C', 1], ['A', 'B|C', 2]]);
  });

  it('is kept apart whatever the character', () => {
    for (const each of SEPARATORS) {
      const table = new Table({ a: 'text', b: 'text' }, [[`x${each}y`, 'z'], ['x', `y${each}z`], [`x${each}`, `y${each}z`]]);
      assert.deepEqual(lengths(table, 'a', 'b'), [3, 3], JSON.stringify(each));
    }
  });

  it('joins only what is the same', () => {
    const right = new Table({ a: 'text', b: 'text', note: 'text' }, [['A', 'B|C', 'yes'], ['A|B|C', '', 'no']]);
    assert.deepEqual([...join(bookings, right, { on: ['a', 'b'] }).rows()], [['A', 'B|C', 2, 'yes']]);
    assert.deepEqual(join(bookings, right, { on: ['a', 'b'], how: 'anti' }).column('n'), [1]);
  });

  it('has cells of its own in a pivot', () => {
    const wide = pivot(bookings, { rows: 'a', columns: 'b', values: 'n', aggregate: sum });
    assert.deepEqual([...wide.rows()], [['A|B', 1, null], ['A', null, 2]]);
  });

  it('has cells of its own whatever the character', () => {
    for (const each of SEPARATORS) {
      const table = new Table(TEXT, [[`x${each}y`, 'z', 1], ['x', `y${each}z`, 2]]);
      const wide = pivot(table, { rows: 'a', columns: 'b', values: 'n', aggregate: sum });
      assert.deepEqual([...wide.rows()].map((row) => row.slice(1)), [[1, null], [null, 2]], JSON.stringify(each));
    }
  });
});

describe('a missing value', () => {
  it('is no text', () => {
    for (const each of ['null', 'undefined', '', 'missing', '(missing)', '\0']) {
      const table = new Table({ a: 'text' }, [[each], [null], [each], [null]]);
      assert.deepEqual(lengths(table, 'a'), [2, 2], JSON.stringify(each));
    }
  });

  it('is no value that is counted', () => {
    const table = new Table({ a: 'text' }, [['null'], [null], ['Null']]);
    assert.deepEqual(table.groupBy().aggregate({ d: countDistinct('a') }).column('d'), [2]);
    assert.deepEqual(table.groupBy('a').aggregate({ d: countDistinct('a') }).column('d'), [1, 0, 1]);
  });

  it('is no empty text in a pivot', () => {
    const table = new Table(TEXT, [['', 'x', 1], [null, 'x', 2], ['', 'y', 4], [null, null, 8]]);
    const wide = pivot(table, { rows: 'a', columns: 'b', values: 'n', aggregate: sum });
    assert.deepEqual([...wide.rows()], [['', 1, 4, null], [null, 2, null, 8]]);
  });

  it('is no number, not even NaN', () => {
    const table = new Table({ x: 'number' }, [[Number.NaN], [null], [Infinity], [-Infinity], [0], [-0], [Number.NaN], [null]]);
    assert.deepEqual(lengths(table, 'x'), [5, 5]);
    assert.deepEqual(table.groupBy().aggregate({ d: countDistinct('x') }).column('d'), [4]);
  });

  it('matches nothing, and NaN matches NaN', () => {
    const left = new Table({ x: 'number', l: 'text' }, [[Number.NaN, 'nan'], [null, 'none'], [0, 'zero']]);
    const right = new Table({ x: 'number', r: 'text' }, [[null, 'none'], [-0, 'zero'], [Number.NaN, 'nan']]);
    assert.deepEqual([...join(left, right, { on: 'x' }).rows()].map((row) => row.slice(1)), [['nan', 'nan'], ['zero', 'zero']]);
  });

  it('has a row and a column of its own beside NaN in a pivot', () => {
    const table = new Table({ x: 'number', y: 'number', n: 'integer' }, [
      [Number.NaN, 1, 1],
      [null, 1, 2],
      [Number.NaN, null, 4],
      [0, Number.NaN, 8],
      [-0, Number.NaN, 16],
    ]);
    const wide = pivot(table, { rows: 'x', columns: 'y', values: 'n', aggregate: sum });
    assert.deepEqual(wide.names, ['x', '1', '(missing)', 'NaN']);
    assert.deepEqual([...wide.rows()], [[Number.NaN, 1, 4, null], [null, 2, null, null], [0, null, null, 24]]);
  });
});

describe('dates', () => {
  it('of one day are the same', () => {
    const table = new Table({ on: 'date', n: 'integer' }, [[day('2025-03-01'), 1], [day('2025-03-02'), 2], [day('2025-03-01'), 4]]);
    assert.deepEqual(table.groupBy('on').aggregate({ n: sum('n') }).column('n'), [5, 2]);
    assert.deepEqual(join(table, table.rename({ n: 'm' }), { on: 'on' }).length, 5);
    const wide = pivot(table.derive('all', 'text', () => 'x'), { rows: 'all', columns: 'on', values: 'n', aggregate: sum });
    assert.deepEqual([...wide.rows()], [['x', 5, 2]]);
  });
});
