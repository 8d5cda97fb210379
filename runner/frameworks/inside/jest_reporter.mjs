// Jest's reporter, loaded by its main process (Jest 27 or later).

import { full, named, said, send } from './channel.mjs';

const OUTCOMES = { passed: 'passed', failed: 'failure' };

function record({ ancestorTitles, title, status, failureMessages }) {
  return [full([...ancestorTitles, title]), OUTCOMES[status] ?? 'skipped', said(failureMessages ?? [])];
}

export default class Reporter {
  onTestFileStart({ path }) {
    send('start', named(path));
  }

  onTestCaseStart() {
    send('alive');
  }

  onTestCaseResult({ path }, result) {
    send('case', named(path), ...record(result));
  }

  onTestFileResult({ path }, { testResults, testExecError, failureMessage }) {
    const broken = testExecError !== undefined && testExecError !== null;
    const trouble = broken ? said([failureMessage || testExecError]) || 'it broke off' : '';
    send('file', named(path), testResults.map(record), trouble);
  }

  onRunComplete() {
    send('end');
  }
}
