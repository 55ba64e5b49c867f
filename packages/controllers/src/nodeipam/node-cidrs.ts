import type { Node } from '@kybern/core/kinds';
import type { CidrAllocator } from '@kybern/netmodel/addresses';

/** Which node has which CIDRs. What was handed out counts at once, before a cache shows it. */
export class NodeCidrs {
  readonly #allocator: CidrAllocator;
  /** Invariant: the parts here are exactly those that the allocator counts as taken. */
  readonly #byNode = new Map<string, readonly string[]>();
  #isComplete = false;

  constructor(allocator: CidrAllocator) {
    this.#allocator = allocator;
  }

  /** Before anything is handed out, everything that nodes have must be known. */
  noteAll(nodes: () => readonly Node[]): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    for (const node of nodes()) this.note(node);
  }

  note({ metadata: { name }, spec: { podCIDRs, podCIDR } }: Node): void {
    const cidrs = podCIDRs ?? (podCIDR === undefined ? [] : [podCIDR]);
    if (cidrs.length === 0 || this.#byNode.has(name)) return;
    const free = cidrs.filter((cidr) => this.#allocator.contains(cidr) && !this.#allocator.has(cidr));
    for (const cidr of free) this.#allocator.allocateSpecific(cidr);
    this.#byNode.set(name, free);
  }

  /** @throws {AllocationError} `Exhausted` */
  assign({ metadata: { name } }: Node): readonly string[] {
    const cidrs = this.#byNode.get(name) ?? [this.#allocator.allocate()];
    this.#byNode.set(name, cidrs);
    return cidrs;
  }

  forget(name: string): void {
    for (const cidr of this.#byNode.get(name) ?? []) this.#allocator.release(cidr);
    this.#byNode.delete(name);
  }
}
