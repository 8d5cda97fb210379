const END = Symbol('end');

/**
 * A map whose keys are lists of values, the same when each value is the same: see "Values" in the README.
 *
 * A tree of maps, one level for each value of a key.
 */
export class KeyMap {
  #root = new Map();

  /** What belongs to a key; `make()` is kept and returned for one that is new. */
  get(values, make) {
    let level = this.#root;
    for (const value of values) {
      const part = comparable(value);
      if (!level.has(part)) {
        if (make === undefined) return undefined;
        level.set(part, new Map());
      }
      level = level.get(part);
    }
    if (!level.has(END)) {
      if (make === undefined) return undefined;
      level.set(END, make());
    }
    return level.get(END);
  }

  /** Whether the key is new; it is not from now on. */
  add(values) {
    let fresh = false;
    this.get(values, () => (fresh = true));
    return fresh;
  }
}

/** What a Map tells apart as values are told apart. A Map's own rule holds for all but dates, which are objects. */
function comparable(value) {
  return value instanceof Date ? `date ${value.getTime()}` : typeof value === 'string' ? `text ${value}` : value;
}
