/** An element of a {@link KeyedHeap}; the heap writes `position`, its index there, -1 outside. An element is in one heap at most. */
export interface HeapElement {
  readonly key: string;
  position: number;
}

/** A binary heap whose elements can be taken out from anywhere. Invariant: `items[i].position === i`, and no element is less than its parent. */
export class KeyedHeap<E extends HeapElement> {
  readonly #items: E[] = [];
  readonly #less: (a: E, b: E) => boolean;

  constructor(less: (a: E, b: E) => boolean) {
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The least element. */
  peek(): E | undefined {
    return this.#items[0];
  }

  push(element: E): void {
    this.#items.push(element);
    this.#rise(element, this.#items.length - 1);
  }

  pop(): E | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(element: E): void {
    const at = element.position;
    const last = this.#items.pop();
    element.position = -1;
    if (last === undefined || last === element) return;
    this.#rise(last, this.#fill(at));
  }

  /** Lets the lesser children move up into the gap, down to a leaf, which is then the gap: the last element mostly belongs near there anyway. */
  #fill(gap: number): number {
    let at = gap;
    for (let child = this.#lesserChild(at); child !== undefined; child = this.#lesserChild(at)) {
      const next = child.position;
      this.#place(child, at);
      at = next;
    }
    return at;
  }

  /** Restores the order after `element` changed. */
  update(element: E): void {
    this.#rise(element, element.position);
    this.#sink(element, element.position);
  }

  values(): readonly E[] {
    return this.#items;
  }

  #rise(element: E, at: number): void {
    while (at > 0) {
      const parent = this.#items[(at - 1) >> 1] as E;
      if (!this.#less(element, parent)) break;
      this.#place(parent, at);
      at = (at - 1) >> 1;
    }
    this.#place(element, at);
  }

  #sink(element: E, at: number): void {
    for (;;) {
      const child = this.#lesserChild(at);
      if (child === undefined || !this.#less(child, element)) break;
      const next = child.position;
      this.#place(child, at);
      at = next;
    }
    this.#place(element, at);
  }

  #lesserChild(at: number): E | undefined {
    const left = this.#items[2 * at + 1];
    const right = this.#items[2 * at + 2];
    if (left === undefined || right === undefined) return left;
    return this.#less(right, left) ? right : left;
  }

  #place(element: E, at: number): void {
    this.#items[at] = element;
    element.position = at;
  }
}
