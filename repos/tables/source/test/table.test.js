import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ColumnError, Table, ValueError, by, render } from '../src/index.js';

const people = Table.fromRecords({ name: 'text', age: 'integer', town: 'text' }, [
  { name: 'Ada', age: 36, town: 'York' },
  { name: 'Bob', age: 25, town: 'Bath' },
  { name: 'Cyd', age: 25, town: 'York' },
  { name: 'Dan', town: 'Bath' },
]);

describe('a table', () => {
  it('checks its values', () => {
    assert.throws(() => new Table({ a: 'integer' }, [[1.5]]), ValueError);
    assert.throws(() => new Table({ a: 'date' }, [[new Date(1)]]), ValueError);
    assert.throws(() => new Table({ a: 'colour' }), ValueError);
    assert.throws(() => new Table({ a: 'text' }, [['x', 'y']]), ValueError);
    assert.deepEqual(new Table({ a: 'text' }, [[undefined]]).column('a'), [null]);
  });

  it('names the columns that there are when one is not', () => {
    assert.throws(() => people.column('nam'), { message: 'there is no column "nam"; there are name, age, town' });
    assert.throws(() => Table.fromRecords({ a: 'text' }, [{ b: 'x' }]), ColumnError);
  });

  it('selects, leaves out and renames columns', () => {
    assert.deepEqual(people.select('town', 'name').head(1).toRecords(), [{ town: 'York', name: 'Ada' }]);
    assert.deepEqual(people.without('age').names, ['name', 'town']);
    assert.deepEqual(people.rename({ town: 'city' }).types, { name: 'text', age: 'integer', city: 'text' });
    assert.throws(() => people.rename({ town: 'name' }), ColumnError);
  });

  it('filters and derives without changing', () => {
    const old = people.where((row) => row.age !== null).derive('next', 'integer', (row) => row.age + 1);
    assert.deepEqual(old.column('next'), [37, 26, 26]);
    assert.deepEqual(people.names, ['name', 'age', 'town']);
    assert.deepEqual(people.derive('age', 'text', (row) => `${row.age}`).types.age, 'text');
  });

  it('concatenates what has the same columns', () => {
    const more = Table.fromRecords({ town: 'text', name: 'text', age: 'integer' }, [{ name: 'Eve', age: 1, town: 'Hull' }]);
    assert.deepEqual(people.concat(more).column('name'), ['Ada', 'Bob', 'Cyd', 'Dan', 'Eve']);
    assert.throws(() => people.concat(more.without('age')), ColumnError);
  });

  it('keeps the first row of each combination', () => {
    assert.deepEqual(people.distinct('town').column('name'), ['Ada', 'Bob']);
    assert.equal(people.concat(people).distinct().length, 4);
  });
});

describe('sorting', () => {
  it('goes by several columns', () => {
    assert.deepEqual(people.sortBy('town', by('name').descending()).column('name'), ['Dan', 'Bob', 'Cyd', 'Ada']);
  });

  it('is stable and puts missing values last', () => {
    assert.deepEqual(people.sortBy('age').column('name'), ['Bob', 'Cyd', 'Ada', 'Dan']);
    assert.deepEqual(people.sortBy(by('age').missingFirst()).column('name'), ['Dan', 'Bob', 'Cyd', 'Ada']);
  });

  it('keeps equal rows in their order when descending as well', () => {
    const known = people.head(3);
    assert.deepEqual(known.sortBy(by('age').descending()).column('name'), ['Ada', 'Bob', 'Cyd']);
    assert.deepEqual(known.sortBy(by('town').descending()).column('name'), ['Ada', 'Cyd', 'Bob']);
  });

  it('puts missing values last when descending as well', () => {
    assert.deepEqual(people.sortBy(by('age').descending()).column('name'), ['Ada', 'Bob', 'Cyd', 'Dan']);
  });

  it('puts NaN after all other numbers', () => {
    const table = new Table({ x: 'number' }, [[Number.NaN], [null], [2], [-Infinity], [Infinity]]);
    assert.deepEqual(table.sortBy('x').column('x'), [-Infinity, 2, Infinity, Number.NaN, null]);
  });

  it('finds the greatest', () => {
    assert.deepEqual(people.top(2, 'name').column('name'), ['Dan', 'Cyd']);
    assert.equal(people.top(0, 'age').length, 0);
  });
});

it('is shown with numbers to the right', () => {
  const lines = render(people.without('town'), { limit: 3 }).split('\n');
  assert.deepEqual(lines, ['name  age', '────  ───', 'Ada    36', 'Bob    25', 'Cyd    25', '… 1 more']);
});
