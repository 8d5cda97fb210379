import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ColumnError, Table, TableError, join } from '../src/index.js';

const orders = new Table({ order: 'integer', shop: 'text' }, [
  [1, 'North'],
  [2, 'South'],
  [3, null],
  [4, 'East'],
  [5, 'North'],
]);
const shops = new Table({ shop: 'text', manager: 'text' }, [
  ['North', 'Ann'],
  ['North', 'Abe'],
  ['South', 'Bea'],
  ['West', 'Cal'],
  [null, 'Dee'],
]);
const pairs = (table) => table.toRecords().map((row) => `${row.order} ${row.shop} ${row.manager}`);

describe('join', () => {
  it('has a row for each pair that matches', () => {
    const found = join(orders, shops, { on: 'shop' });
    assert.deepEqual(found.names, ['order', 'shop', 'manager']);
    assert.deepEqual(pairs(found), ['1 North Ann', '1 North Abe', '2 South Bea', '5 North Ann', '5 North Abe']);
  });

  it('keeps left rows without a match in their place', () => {
    assert.deepEqual(pairs(join(orders, shops, { on: ['shop'], how: 'left' })), [
      ...['1 North Ann', '1 North Abe', '2 South Bea', '3 null null', '4 East null', '5 North Ann', '5 North Abe'],
    ]);
  });

  it('keeps right rows without a match at the end', () => {
    assert.deepEqual(pairs(join(orders, shops, { on: 'shop', how: 'full' })).slice(-2), ['null West Cal', 'null null Dee']);
  });

  it('has each right row with a match only beside its matches', () => {
    assert.equal(join(orders, shops, { on: 'shop', how: 'full' }).length, 9);
  });

  it('finds what has no match', () => {
    assert.deepEqual(join(orders, shops, { on: 'shop', how: 'anti' }).column('order'), [3, 4]);
  });

  it('goes by several columns', () => {
    const left = new Table({ a: 'text', b: 'integer' }, [['x', 1], ['x', 2], ['y', 1]]);
    const right = new Table({ b: 'integer', c: 'text', a: 'text' }, [[1, 'one', 'x'], [2, 'two', 'y']]);
    assert.deepEqual(join(left, right, { on: ['a', 'b'] }).toRecords(), [{ a: 'x', b: 1, c: 'one' }]);
  });

  it('refuses columns that do not fit', () => {
    assert.throws(() => join(orders, shops, { on: 'order' }), ColumnError);
    assert.throws(() => join(orders, shops, { on: [] }), ColumnError);
    assert.throws(() => join(orders, orders, { on: 'shop' }), ColumnError);
    assert.throws(() => join(orders, shops.derive('shop', 'integer', () => 1), { on: 'shop' }), ColumnError);
    assert.throws(() => join(orders, shops, { on: 'shop', how: 'outer' }), TableError);
  });
});
