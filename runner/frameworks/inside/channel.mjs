// The way from a test runner's own process to its parent: one JSON array a line, each behind a secret that is read from
// the same socket at first. Product code runs in other processes, which do not inherit the socket.

import { readSync, writeSync } from 'node:fs';
import { relative, sep } from 'node:path';

const TEXT_LIMIT = 8000;
const SECRET_BYTES = 32;
const channel = Number(process.env.TASKFIT_CHANNEL);
delete process.env.TASKFIT_CHANNEL;
const secret = Buffer.alloc(SECRET_BYTES);
readSync(channel, secret, 0, SECRET_BYTES);

export function send(...fields) {
  const line = Buffer.concat([secret, Buffer.from(`${JSON.stringify(fields)}\n`)]);
  for (let sent = 0; sent < line.length; ) sent += writeSync(channel, line, sent);
}

/** A file as it is called in ids: relative to the workspace, with slashes. */
export const named = (file) => relative(process.cwd(), file).split(sep).join('/');

/** A test's name after those of its groups. */
export const full = (names) => names.map((name) => name || '<anonymous>').join(' > ');

/** What errors say, without the colours of terminals. */
export const said = (errors) =>
  errors
    .map((each) => String(each?.stack ?? each?.message ?? each))
    .join('\n')
    .replace(/\x1b\[[\d;]*m/g, '')
    .slice(0, TEXT_LIMIT);
