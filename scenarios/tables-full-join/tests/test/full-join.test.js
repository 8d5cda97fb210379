import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Table, join } from '../src/index.js';

const articles = new Table({ article: 'text', shelf: 'integer' }, [
  ['bolt', 1],
  ['nut', 2],
  ['screw', 3],
  [null, 4],
]);

function deliveries(...rows) {
  return new Table({ article: 'text', pieces: 'integer' }, rows);
}

function full(right) {
  return [...join(articles, right, { on: 'article', how: 'full' }).rows()];
}

describe('a full join', () => {
  it('shows three matches three times', () => {
    assert.deepEqual(full(deliveries(['nut', 10], ['nut', 20], ['nut', 30])), [
      ['bolt', 1, null],
      ['nut', 2, 10],
      ['nut', 2, 20],
      ['nut', 2, 30],
      ['screw', 3, null],
      [null, 4, null],
    ]);
  });

  it('ends with the right rows that match nothing', () => {
    const found = full(deliveries(['nail', 5], ['bolt', 1], ['bolt', 2], [null, 6], ['screw', 3], ['screw', 3]));
    assert.deepEqual(found, [
      ['bolt', 1, 1],
      ['bolt', 1, 2],
      ['nut', 2, null],
      ['screw', 3, 3],
      ['screw', 3, 3],
      [null, 4, null],
      ['nail', null, 5],
      [null, null, 6],
    ]);
  });

  it('keeps equal rows apart, with and without a match', () => {
    const found = full(deliveries(['nail', 5], ['nut', 7], ['nail', 5], ['nut', 7]));
    assert.deepEqual(found, [
      ['bolt', 1, null],
      ['nut', 2, 7],
      ['nut', 2, 7],
      ['screw', 3, null],
      [null, 4, null],
      ['nail', null, 5],
      ['nail', null, 5],
    ]);
  });

  it('has every pair once where both sides repeat a key', () => {
    const left = new Table({ k: 'integer', a: 'text' }, [[1, 'x'], [1, 'y']]);
    const right = new Table({ k: 'integer', b: 'text' }, [[1, 'p'], [1, 'q'], [2, 'r']]);
    assert.deepEqual([...join(left, right, { on: 'k', how: 'full' }).rows()], [
      [1, 'x', 'p'],
      [1, 'x', 'q'],
      [1, 'y', 'p'],
      [1, 'y', 'q'],
      [2, null, 'r'],
    ]);
  });

  it('goes by several columns', () => {
    const left = new Table({ a: 'text', b: 'text' }, [['x', 'y']]);
    const right = new Table({ a: 'text', b: 'text', n: 'integer' }, [['x', 'y', 1], ['x', 'y', 2], ['x', null, 3]]);
    assert.deepEqual([...join(left, right, { on: ['a', 'b'], how: 'full' }).rows()], [
      ['x', 'y', 1],
      ['x', 'y', 2],
      ['x', null, 3],
    ]);
  });

  it('has both sides where one of them is empty', () => {
    assert.deepEqual(full(deliveries(['nail', 5], ['nail', 5])).length, 6);
    assert.deepEqual(full(deliveries()).length, 4);
  });
});

it('is as it was for the other kinds of join', () => {
  const right = deliveries(['nut', 1], ['nut', 1], ['nail', 2]);
  const length = (how) => join(articles, right, { on: 'article', how }).length;
  assert.deepEqual(['inner', 'left', 'anti'].map(length), [2, 5, 3]);
});
