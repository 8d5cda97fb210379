import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ColumnError, ParseError, Table, readCsv, writeCsv } from '../src/index.js';

const day = (text) => new Date(`${text}T00:00:00Z`);

describe('reading', () => {
  it('infers the narrowest type of each column', () => {
    const table = readCsv('a,b,c,d,e\n1,1.5,true,2025-03-01,x\n-2,3,false,2024-02-29,\n');
    assert.deepEqual(table.types, { a: 'integer', b: 'number', c: 'boolean', d: 'date', e: 'text' });
    assert.deepEqual(table.toRecords()[1], { a: -2, b: 3, c: false, d: day('2024-02-29'), e: null });
  });

  it('takes the types that it is told', () => {
    const table = readCsv('code,n\n007,1\n', { types: { code: 'text', n: 'number' } });
    assert.deepEqual(table.toRecords(), [{ code: '007', n: 1 }]);
    assert.throws(() => readCsv('a\n1\n', { types: { b: 'text' } }), ColumnError);
  });

  it('tells empty text from a missing value', () => {
    assert.deepEqual(readCsv('a,b\n,""\nx,y\n').column('b'), ['', 'y']);
    assert.deepEqual(readCsv('a,b\n,""\n1,2\n', { types: { b: 'integer' } }).column('b'), [null, 2]);
  });

  it('knows quotes, delimiters and line ends of all kinds', () => {
    const table = readCsv('a;b\r\n"x;y";"say ""hi"""\r\n"two\nlines";z\r', { delimiter: ';' });
    assert.deepEqual(table.column('a'), ['x;y', 'two\nlines']);
    assert.deepEqual(table.column('b'), ['say "hi"', 'z']);
  });

  it('skips a byte order mark and empty lines', () => {
    assert.deepEqual(readCsv('\uFEFFa,b\n\n1,2\n\n').toRecords(), [{ a: 1, b: 2 }]);
  });

  it('keeps a missing value that is alone in its row', () => {
    assert.deepEqual(readCsv('a\n1\n\n2\n').column('a'), [1, null, 2]);
  });

  const broken = [
    ['a,b\n1,2,3\n', 2, 1],
    ['a\n"x\n', 2, 1],
    ['a,b\n1,"x"y\n', 2, 6],
    ['', 1, 1],
  ];
  for (const [text, line, column] of broken) {
    it(`says where ${JSON.stringify(text)} is malformed`, () => {
      assert.throws(() => readCsv(text), (error) => {
        assert.ok(error instanceof ParseError);
        assert.deepEqual([error.line, error.column], [line, column]);
        return true;
      });
    });
  }

  it('refuses a value that is not of the type it is told', () => {
    assert.throws(() => readCsv('a\n1\n2025-02-30\n', { types: { a: 'date' } }), ParseError);
  });
});

describe('writing', () => {
  it('is read back as it was', () => {
    const types = { name: 'text', n: 'number', ok: 'boolean', on: 'date' };
    const table = new Table(types, [
      ['', 0.1, true, day('2025-03-01')],
      [null, null, null, null],
      ['a "b", c', Number.NaN, false, day('1999-12-31')],
      [' padded ', -Infinity, null, null],
      ['two\nlines', 1e21, true, null],
    ]);
    assert.deepEqual(readCsv(writeCsv(table), { types }).toRecords(), table.toRecords());
  });

  it('quotes only what needs it', () => {
    const table = new Table({ a: 'text', b: 'integer' }, [['x', 1], ['y,z', null]]);
    assert.equal(writeCsv(table), 'a,b\nx,1\n"y,z",\n');
    assert.equal(writeCsv(table, { delimiter: ';' }), 'a;b\nx;1\ny,z;\n');
  });
});
