// Vitest's reporter, loaded by its main process (Vitest 1 or later; 1 and 2 have other hooks and no objects for results).

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

const OLD_OUTCOMES = { pass: 'passed', skip: 'skipped', todo: 'skipped' };

function oldRecord(test, names) {
  const { state, errors } = test.result ?? { state: 'skip' };
  return [full(names), OLD_OUTCOMES[state] ?? 'failure', said(errors ?? [])];
}

/** A file's tests, and errors of the file and its groups. */
function oldContents(file) {
  const records = [];
  const errors = [...(file.result?.errors ?? [])];
  const walk = (tasks, above) => {
    for (const task of tasks) {
      const names = [...above, task.name];
      if (task.type !== 'suite') records.push(oldRecord(task, names));
      else {
        errors.push(...(task.result?.errors ?? []));
        walk(task.tasks, names);
      }
    }
  };
  walk(file.tasks, []);
  return [records, errors];
}

function oldFile(file) {
  const [records, errors] = oldContents(file);
  send('file', named(file.filepath), records, said(errors));
}

export default class Reporter {
  onInit(context) {
    this.old = Number.parseInt(context.version ?? '1', 10) < 3 ? context : undefined;
  }

  onPathsCollected(paths) {
    if (this.old) for (const path of paths ?? []) send('planned', named(path));
  }

  onCollected(files) {
    if (this.old) for (const file of files ?? []) send('start', named(file.filepath));
  }

  onTaskUpdate(packs) {
    if (!this.old) return;
    send('alive');
    for (const [id] of packs) {
      const task = this.old.state.idMap.get(id);
      const ended = task?.result && !['run', 'queued'].includes(task.result.state);
      if (!ended) continue;
      if (task.filepath) oldFile(task);
      else if (task.type !== 'suite') {
        const names = [task.name];
        for (let above = task.suite; above && !above.filepath; above = above.suite) names.unshift(above.name);
        send('case', named(task.file.filepath), ...oldRecord(task, names));
      }
    }
  }

  onFinished(files) {
    if (!this.old) return;
    for (const file of files ?? []) oldFile(file);
    send('end');
  }

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
