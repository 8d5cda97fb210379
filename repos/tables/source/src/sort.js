import { typeOf } from './types.js';

/** How rows are ordered by one column; `descending` and `missingFirst` return a new order. */
export class Order {
  #descending;
  #missingFirst;

  constructor(name, descending = false, missingFirst = false) {
    this.name = name;
    this.#descending = descending;
    this.#missingFirst = missingFirst;
  }

  descending() {
    return new Order(this.name, true, this.#missingFirst);
  }

  missingFirst() {
    return new Order(this.name, this.#descending, true);
  }

  /** A comparison of two values of a type, missing ones included. */
  comparison(typeName) {
    const { compare } = typeOf(typeName);
    const direction = this.#descending ? -1 : 1;
    const missing = this.#missingFirst ? -1 : 1;
    return (a, b) => {
      if (a === null || b === null) return missing * (Number(a === null) - Number(b === null));
      return direction * compare(a, b);
    };
  }
}

/** Order by the column of this name: ascending, missing values last. */
export function by(name) {
  return new Order(name);
}

/** A comparison of rows by several orders, the first one that tells them apart decides. */
export function comparing(orders, place, types) {
  const parts = orders.map((order) => ({ at: place(order.name), compare: order.comparison(types[order.name]) }));
  return (a, b) => {
    for (const { at, compare } of parts) {
      const found = compare(a[at], b[at]);
      if (found !== 0) return found;
    }
    return 0;
  };
}
