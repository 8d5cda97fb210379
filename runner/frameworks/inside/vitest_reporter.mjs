// Vitest's reporter, loaded by its main process (Vitest 3 or later).

import { full, named, said, send } from './channel.mjs';

const OUTCOMES = { passed: 'passed', skipped: 'skipped' };

function record(test) {
  const names = [test.name];
  for (let above = test.parent; above.type === 'suite'; above = above.parent) names.unshift(above.name);
  const { state, errors } = test.result();
  return [full(names), OUTCOMES[state] ?? 'failure', said(errors ?? [])];
}

/** Errors of a file or group as a whole: what could not be loaded, hooks that failed. */
function troubles(collection) {
  return [...collection.errors(), ...[...collection.children.allSuites()].flatMap((suite) => suite.errors())];
}

export default class Reporter {
  onTestModuleQueued({ moduleId }) {
    send('start', named(moduleId));
  }

  onTestModuleStart() {
    send('alive');
  }

  onTestCaseReady() {
    send('alive');
  }

  onTestCaseResult(test) {
    send('case', named(test.module.moduleId), ...record(test));
  }

  onTestModuleEnd(module) {
    send('file', named(module.moduleId), [...module.children.allTests()].map(record), said(troubles(module)));
  }

  onTestRunEnd() {
    send('end');
  }
}
