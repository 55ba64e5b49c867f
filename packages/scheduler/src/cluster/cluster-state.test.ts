import { expect, describe, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { ClusterState } from './cluster-state.ts';
import { createSnapshot } from './create-snapshot.ts';
import type { NodeInfo } from './node-info.ts';

describe('ClusterState', () => {
  it('adds up what the Pods on a node request', () => {
    const gpu = { 'nvidia.com/gpu': '8' };
    const state = createSnapshot({
      nodes: [makeNode('a', { extended: gpu }), makeNode('b')],
      pods: [
        makePod('p', { node: 'a', requests: { cpu: '250m', memory: '1Ki', 'nvidia.com/gpu': '2' } }),
        makePod('q', { node: 'a', requests: { cpu: '1' } }),
        makePod('pending', { requests: { cpu: '1' } }),
        makePod('ended', { node: 'a', requests: { cpu: '1' }, status: { phase: 'Succeeded' } }),
      ],
    });
    const node = state.get('a');
    expect(node?.requested).toEqual({ cpu: 1250, memory: 1024, 'ephemeral-storage': 0, pods: 2, 'nvidia.com/gpu': 2 });
    expect(node?.allocatable).toMatchObject({ cpu: 4000, pods: 110, 'nvidia.com/gpu': 8 });
    expect(node?.pods.map(({ metadata }) => metadata.name)).toEqual(['p', 'q']);
    expect(node?.nonZeroMemoryBytes).toBe(1024 + 200 * 1024 * 1024);
    expect(state.get('b')?.requested['nvidia.com/gpu']).toBe(0);
  });

  it('counts a Pod once however often it is set, and on the node it is on now', () => {
    const state = createSnapshot({ nodes: [makeNode('a'), makeNode('b')] });
    state.setPod(makePod('p', { node: 'a', requests: { cpu: '1' } }));
    state.setPod(makePod('p', { node: 'a', requests: { cpu: '2' } }));
    expect(state.get('a')?.requestedCpuMillis).toBe(2000);
    state.setPod(makePod('p', { node: 'b', requests: { cpu: '2' } }));
    expect([state.get('a')?.podCount, state.get('b')?.podCount]).toEqual([0, 1]);
    state.removePod('default/p');
    state.removePod('default/p');
    expect(state.get('b')?.requestedCpuMillis).toBe(0);
  });

  it('counts Pods that come before their node, and those whose node goes and comes back', () => {
    const state = new ClusterState();
    state.setPod(makePod('p', { node: 'a', requests: { cpu: '1' } }));
    state.setNode(makeNode('a'));
    expect(state.get('a')?.requestedCpuMillis).toBe(1000);
    state.removeNode('a');
    expect(state.get('a')).toBeUndefined();
    state.setPod(makePod('q', { node: 'a', requests: { cpu: '1' } }));
    state.removePod('default/p');
    state.setNode(makeNode('a', { cpu: '8' }));
    expect([state.get('a')?.requestedCpuMillis, state.get('a')?.allocatableCpuMillis]).toEqual([1000, 8000]);
  });

  it('gives a row to another node without leaving anything behind', () => {
    const state = new ClusterState();
    state.setNode(makeNode('a', { extended: { 'nvidia.com/gpu': '4' } }));
    state.setPod(makePod('p', { node: 'a', requests: { cpu: '1', 'nvidia.com/gpu': '1' } }));
    const version = state.versions.at[0];
    state.removeNode('a');
    state.setNode(makeNode('b'));
    expect(state.get('b')?.requested).toMatchObject({ cpu: 0, 'nvidia.com/gpu': 0 });
    expect(state.get('b')?.allocatable).toMatchObject({ 'nvidia.com/gpu': 0 });
    expect(state.versions.row(state.nodes[0] as NodeInfo)).toBe(0);
    expect(state.versions.at[0]).toBeGreaterThan(version as number);
  });

  it('changes the version of a node with every change of it, and of no other', () => {
    const state = createSnapshot({ nodes: [makeNode('a'), makeNode('b')] });
    const versions = () => [...state.versions.at.slice(0, 2)];
    const before = versions();
    state.setPod(makePod('p', { node: 'a' }));
    const placed = versions();
    state.setNode(makeNode('a', { labels: { x: 'y' } }));
    const labelled = versions();
    expect(placed[0]).toBeGreaterThan(before[0] as number);
    expect(labelled[0]).toBeGreaterThan(placed[0] as number);
    expect(labelled[1]).toBe(before[1]);
  });

  it('grows past its first rows', () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const state = createSnapshot({ nodes: names.map((name) => makeNode(name, { extended: { 'x.io/y': '3' } })) });
    for (const name of names) state.setPod(makePod(`p-${name}`, { node: name, requests: { cpu: '1', 'x.io/y': '1' } }));
    expect(state.nodes.map(({ name }) => name)).toEqual(names);
    expect(
      state.nodes.every((node) => node.requestedCpuMillis === 1000 && node.requestedExtended('x.io/y') === 1 && node.allocatableExtended('x.io/y') === 3),
    ).toBe(true);
  });

  it('shows plugins frozen amounts', () => {
    const node = createSnapshot({ nodes: [makeNode('a')] }).get('a');
    expect(Object.isFrozen(node?.requested) && Object.isFrozen(node?.allocatable) && Object.isFrozen(node?.pods)).toBe(true);
  });
});
