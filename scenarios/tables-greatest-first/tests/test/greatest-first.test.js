import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Table, by } from '../src/index.js';

const day = (text) => new Date(`${text}T00:00:00Z`);
const customers = new Table({ name: 'text', revenue: 'number', since: 'date' }, [
  ['a', 5, day('2024-05-01')],
  ['b', null, null],
  ['c', 9, day('2023-01-01')],
  ['d', null, day('2025-02-02')],
  ['e', 5, null],
]);
const names = (table) => table.column('name').join('');

describe('the greatest', () => {
  it('are rows that have a value', () => {
    assert.equal(names(customers.top(2, 'revenue')), 'ca');
    assert.equal(names(customers.top(1, 'since')), 'd');
  });

  it('are followed by those without one', () => {
    assert.equal(names(customers.top(400, 'revenue')), 'caebd');
    assert.equal(names(customers.top(4, 'since')), 'dacb');
  });
});

describe('a descending order', () => {
  it('puts missing values last, in every type of column', () => {
    const values = { text: ['x', 'y'], integer: [1, 2], number: [0.5, 1.5], boolean: [false, true] };
    for (const [type, [low, high]] of Object.entries({ ...values, date: [day('2025-01-01'), day('2025-01-02')] })) {
      const table = new Table({ v: type }, [[null], [low], [null], [high]]);
      assert.deepEqual(table.sortBy(by('v').descending()).column('v'), [high, low, null, null], type);
    }
  });

  it('puts them first where that is asked for', () => {
    assert.equal(names(customers.sortBy(by('since').descending().missingFirst())), 'bedac');
    assert.equal(names(customers.sortBy(by('since').missingFirst().descending())), 'bedac');
  });

  it('does so where a later column decides', () => {
    const table = new Table({ name: 'text', g: 'integer', v: 'integer' }, [
      ['a', 1, null],
      ['b', 2, 1],
      ['c', 1, 3],
      ['d', 2, null],
      ['e', 2, 2],
    ]);
    assert.equal(names(table.sortBy('g', by('v').descending())), 'caebd');
    assert.equal(names(table.sortBy(by('g').descending(), by('v').descending().missingFirst())), 'debac');
  });

  it('has NaN before all other numbers and after nothing', () => {
    const table = new Table({ v: 'number' }, [[1], [null], [Number.NaN], [Infinity]]);
    assert.deepEqual(table.sortBy(by('v').descending()).column('v'), [Number.NaN, Infinity, 1, null]);
  });

  it('leaves equal rows in their order, missing ones too', () => {
    assert.equal(names(customers.sortBy(by('revenue').descending())), 'caebd');
  });
});

describe('an ascending order', () => {
  it('is as it was', () => {
    assert.equal(names(customers.sortBy('revenue')), 'aecbd');
    assert.equal(names(customers.sortBy(by('revenue').missingFirst())), 'bdaec');
  });

  it('leaves an order alone that another one was made from', () => {
    const order = by('revenue');
    order.descending().missingFirst();
    assert.equal(names(customers.sortBy(order)), 'aecbd');
  });
});
