// Runs inside a test file's own process of Node 18 or later: loads the file, and reports its tests as they come.
//
// Given to Node as `--test-reporter=data:…`, it is a stream class to Node's test runner, and `begin` to the script that
// starts the file. Records go to the parent over a socket, one JSON array a line, each behind a secret that is read
// from that socket before anything of the workspace is loaded. What product code could change to turn a failure into
// a pass is frozen or kept from it: assertions, the runner's functions, its stream of events, its objects.

import assert, { AssertionError } from 'node:assert';
import asyncHooks from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { readSync, writeSync } from 'node:fs';
import Module, { createRequire, syncBuiltinESMExports } from 'node:module';
import { Duplex } from 'node:stream';
import * as runner from 'node:test';
import { pathToFileURL } from 'node:url';

const TEXT_LIMIT = 8000;
const SECRET_BYTES = 32;
const { emit } = EventEmitter.prototype;
const { stringify } = JSON;
const { defineProperty, freeze, getPrototypeOf, hasOwn } = Object;
const { concat, from } = Buffer;
const { String } = globalThis;
const file = process.argv[1];

const { default: test, beforeEach } = runner;
const channel = Number(process.env.TASKFIT_CHANNEL);
delete process.env.TASKFIT_CHANNEL;
const secret = new Uint8Array(SECRET_BYTES);
const open = channel > 2 && receive();
let begun = false;
let connected = false;
let connect;
const connection = new Promise((resolve) => (connect = resolve));

if (open) protect();

/** Whether there is a parent to report to: a process that a test forks has this module, but no channel. */
function receive() {
  try {
    return readSync(channel, secret, 0, SECRET_BYTES) === SECRET_BYTES;
  } catch {
    return false;
  }
}

function send(...fields) {
  if (!open) return;
  defineProperty(fields, 'toJSON', { value: undefined });
  const line = concat([secret, from(`${stringify(fields)}\n`)]);
  for (let sent = 0; sent < line.length; ) sent += writeSync(channel, line, sent);
}

function protect() {
  if (test.assert?.register) {
    const { register } = test.assert;
    const guarded = (name, check) => {
      if (hasOwn(assert, name)) throw new Error(`${name} is Node's own; give another name`);
      register(name, check);
    };
    for (const each of new Set([test.assert, runner.assert])) freeze(Object.assign(each, { register: guarded }));
    defineProperty(test, 'assert', { value: runner.assert, enumerable: true });
  }
  for (const each of [assert, assert.strict, AssertionError, AssertionError.prototype, test]) freeze(each);
  const { createHook } = asyncHooks;
  asyncHooks.executionAsyncResource = () => ({});
  asyncHooks.createHook = (given) => {
    const { init } = given;
    return createHook(init ? { ...given, init: (id, type, trigger) => init(id, type, trigger, {}) } : given);
  };
  syncBuiltinESMExports();
  freeze(asyncHooks);
}

/** Whether what a CommonJS test gets for `node:assert` and `node:test` is still Node's own. */
function genuine() {
  try {
    const parent = new Module(file);
    parent.filename = file;
    const require = createRequire(file);
    return [require, (id) => parent.require(id)].every(
      (load) => load('node:assert') === assert && load('assert') === assert && load('node:test') === test,
    );
  } catch {
    return false;
  }
}

function text(error) {
  try {
    const cause = error?.cause ?? error;
    return String(cause?.stack ?? cause?.message ?? cause).slice(0, TEXT_LIMIT);
  } catch {
    return 'an error that cannot be shown';
  }
}

function outcome(passed, { nesting, name, skip, todo, details }) {
  const kind = details?.error?.failureType ?? '';
  const suite = details?.type === 'suite';
  const aside = skip !== undefined ? 'skip' : todo !== undefined ? 'todo' : '';
  send('result', nesting, String(name), passed, suite, aside, kind, details?.duration_ms ?? 0, passed ? '' : text(details?.error));
}

/** What Node's runner writes its events to. It hears them as they are emitted: the stream's own buffer lags behind. */
export default class Events extends Duplex {
  constructor() {
    super({
      objectMode: true,
      read() {},
      write: (chunk, encoding, done) => done(),
      final(done) {
        this.push(null);
        done();
      },
    });
    this.once('pipe', (source) => {
      if (connected) return;
      connected = true;
      defineProperty(source, 'emit', { value: emit });
      freeze(getPrototypeOf(source));
      source.on('test:enqueue', ({ nesting, name }) => send('enqueue', nesting, String(name)));
      source.on('test:dequeue', () => send('alive'));
      source.on('test:start', ({ nesting, name }) => send('start', nesting, String(name)));
      source.on('test:pass', (data) => outcome(true, data));
      source.on('test:fail', (data) => outcome(false, data));
      source.on('end', () => send('end', genuine()));
      connect();
    });
  }
}

/** Loads the test file named by the first argument; once. */
export async function begin() {
  if (begun) return;
  begun = true;
  beforeEach(() => {});
  await connection;
  send('ready');
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    send('broken', text(error));
    process.exitCode = 1;
    return;
  }
  send('loaded');
}
