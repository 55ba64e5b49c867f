import { Node } from '@kybern/core/kinds';
import { createCidrAllocator, isAllocationError, type CidrAllocator } from '@kybern/netmodel';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';

/** Options of {@link nodeIpamController}. */
export interface NodeIpamOptions {
  /** The addresses of all Pods. Default `10.244.0.0/16`. */
  readonly clusterCidr?: string;
  /** Prefix length of a node's part. Default 24 for IPv4, 64 for IPv6. */
  readonly nodeMaskBits?: number;
}

/**
 * Gives each node its part of the Pods' addresses, `spec.podCIDR`.
 *
 * @throws {AllocationError} `InvalidAddress` when the CIDR or the mask is none
 * @see kubernetes v1.36 pkg/controller/nodeipam/ipam/range_allocator.go
 */
export function nodeIpamController({ clusterCidr = '10.244.0.0/16', nodeMaskBits }: NodeIpamOptions = {}): ControllerDefinition<Node> {
  const ledger = new NodeCidrs(createCidrAllocator({ clusterCidr, ...(nodeMaskBits === undefined ? {} : { nodeMaskBits }) }));
  return defineController({
    name: 'node-ipam-controller',
    for: Node,
    // What a node has never changes; only new nodes and those that go matter.
    predicates: [(event) => event.type !== 'updated' || event.object.spec.podCIDR === undefined],
    async reconcile({ object: node, cache, client, recorder }) {
      ledger.noteAll(() => cache.list(Node));
      ledger.note(node);
      if (node.spec.podCIDR !== undefined) return done();
      try {
        const podCIDRs = ledger.assign(node);
        await client.patch(Node, node, { type: 'merge', patch: { spec: { podCIDR: podCIDRs[0] ?? '', podCIDRs } } });
      } catch (error) {
        if (isAllocationError(error)) recorder.event(node, { type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${node.metadata.name} status is now: CIDRNotAvailable` });
        throw error;
      }
      return done();
    },
    onAbsent({ key }) {
      ledger.forget(key);
      return Promise.resolve(done());
    },
  });
}

/** Which node has which CIDRs. What was handed out counts at once, before a cache shows it. */
class NodeCidrs {
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
