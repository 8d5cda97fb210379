import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ColumnError, Table, count, countDistinct, first, last, max, mean, median, min, pivot, sum } from '../src/index.js';

const day = (text) => new Date(`${text}T00:00:00Z`);
const sales = new Table({ shop: 'text', on: 'date', total: 'number' }, [
  ['North', day('2025-03-01'), 12.5],
  ['South', day('2025-03-01'), null],
  ['North', day('2025-03-02'), 8],
  [null, day('2025-03-01'), 1],
  ['South', day('2025-03-02'), 4],
  ['North', day('2025-03-01'), 7.5],
]);

describe('grouping', () => {
  it('has a row for each combination, in the order of first appearance', () => {
    const found = sales.groupBy('shop', 'on').aggregate({ rows: count(), total: sum('total') });
    assert.deepEqual(found.names, ['shop', 'on', 'rows', 'total']);
    assert.deepEqual([...found.rows()], [
      ['North', day('2025-03-01'), 2, 20],
      ['South', day('2025-03-01'), 1, 0],
      ['North', day('2025-03-02'), 1, 8],
      [null, day('2025-03-01'), 1, 1],
      ['South', day('2025-03-02'), 1, 4],
    ]);
  });

  it('aggregates without missing values', () => {
    const all = { n: count('total'), shops: countDistinct('shop'), m: mean('total'), d: median('total') };
    assert.deepEqual(sales.groupBy().aggregate(all).toRecords(), [{ n: 5, shops: 2, m: 6.6, d: 7.5 }]);
    const some = sales.where((row) => row.shop === 'South' && row.total === null);
    const nothing = { low: min('total'), high: max('on'), m: mean('total'), d: median('total'), f: first('total') };
    assert.deepEqual(some.groupBy().aggregate(nothing).toRecords(), [
      { low: null, high: day('2025-03-01'), m: null, d: null, f: null },
    ]);
  });

  it('takes the first, last, least and greatest', () => {
    const found = sales.groupBy('on').aggregate({ f: first('shop'), l: last('shop'), a: min('total'), z: max('total') });
    assert.deepEqual([...found.rows()].map((row) => row.slice(1)), [
      ['North', 'North', 1, 12.5],
      ['North', 'South', 4, 8],
    ]);
  });

  it('adds without losing small parts', () => {
    const table = new Table({ x: 'number' }, [[1e16], [1], [1], [-1e16]]);
    assert.equal(table.groupBy().aggregate({ s: sum('x') }).column('s')[0], 2);
  });

  it('refuses what cannot be', () => {
    assert.throws(() => sales.groupBy('shop').aggregate({ s: sum('on') }), TypeError);
    assert.throws(() => sales.groupBy('shop').aggregate({ shop: count() }), ColumnError);
    assert.throws(() => sales.groupBy('place'), ColumnError);
  });
});

describe('pivot', () => {
  it('makes a column of each value', () => {
    const wide = pivot(sales, { rows: 'on', columns: 'shop', values: 'total', aggregate: sum });
    assert.deepEqual(wide.names, ['on', 'North', 'South', '(missing)']);
    assert.deepEqual([...wide.rows()], [
      [day('2025-03-01'), 20, 0, 1],
      [day('2025-03-02'), 8, 4, null],
    ]);
    assert.equal(wide.types.North, 'number');
  });

  it('refuses two columns of one name', () => {
    const table = new Table({ a: 'text', b: 'text', n: 'integer' }, [['x', null, 1], ['x', '(missing)', 2]]);
    assert.throws(() => pivot(table, { rows: 'a', columns: 'b', values: 'n', aggregate: sum }), ColumnError);
  });
});
