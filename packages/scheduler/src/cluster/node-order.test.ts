import { expect, describe, it } from 'vitest';
import { makeNode } from '../../test/objects.ts';
import { NodeOrder } from './node-order.ts';

const region = (name: string) => ({ 'topology.kubernetes.io/region': name });
const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });

/** The example of kubernetes v1.36 pkg/scheduler/backend/cache/node_tree_test.go. */
const labels = [
  undefined,
  region('region-1'),
  zone('zone-2'),
  { ...region('region-1'), ...zone('zone-2') },
  { ...region('region-1'), ...zone('zone-2') },
  { ...region('region-1'), ...zone('zone-3') },
  { ...region('region-2'), ...zone('zone-2') },
  { ...region('region-2'), ...zone('zone-2') },
  { ...region('region-2'), ...zone('zone-2') },
];

function orderOf(): NodeOrder {
  const order = new NodeOrder();
  labels.forEach((each, index) => order.set(makeNode(String(index), each === undefined ? {} : { labels: each })));
  return order;
}

describe('NodeOrder', () => {
  it('takes one node of each zone in turn', () => {
    expect(orderOf().list().join('')).toBe('012356478');
  });

  it('drops a zone with its last node and appends it when it comes back', () => {
    const order = orderOf();
    order.delete('0');
    order.set(makeNode('0'));
    expect(order.list().join('')).toBe('123560478');
  });

  it('moves a node whose zone changed', () => {
    const order = orderOf();
    order.set(makeNode('1', { labels: zone('zone-2') }));
    expect(order.list().join('')).toBe('023561478');
  });

  it('knows the labels that zones had before', () => {
    const order = new NodeOrder();
    order.set(makeNode('a', { labels: { 'failure-domain.beta.kubernetes.io/zone': 'x' } }));
    order.set(makeNode('b', { labels: zone('x') }));
    order.set(makeNode('c', { labels: zone('y') }));
    expect(order.list()).toEqual(['a', 'c', 'b']);
  });

  it('keeps its list while nothing changes', () => {
    const order = orderOf();
    const list = order.list();
    order.set(makeNode('0', { cpu: '8' }));
    expect(order.list()).toBe(list);
  });
});
