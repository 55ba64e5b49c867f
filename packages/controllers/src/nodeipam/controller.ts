import { Node } from '@kybern/core/kinds';
import { createCidrAllocator, isAllocationError } from '@kybern/netmodel/addresses';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { NodeCidrs } from './node-cidrs.ts';

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
    reconcile: retryOnConflict(async ({ object: node, cache, client, recorder }) => {
      ledger.noteAll(() => cache.list(Node));
      ledger.note(node);
      if (node.spec.podCIDR !== undefined) return done();
      try {
        const podCIDRs = ledger.assign(node);
        await client.patch(Node, node, { type: 'merge', patch: { spec: { podCIDR: podCIDRs[0] ?? '', podCIDRs } } });
      } catch (error) {
        if (isAllocationError(error))
          recorder.event(node, { type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${node.metadata.name} status is now: CIDRNotAvailable` });
        throw error;
      }
      return done();
    }),
    onAbsent({ key }) {
      ledger.forget(key);
      return Promise.resolve(done());
    },
  });
}
