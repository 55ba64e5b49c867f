import { deepFreeze } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { simulate } from './simulate.ts';

const cores = (name: string, cpu: string, options: { node?: string; spec?: Partial<Pod['spec']> } = {}): Pod =>
  makePod(name, { requests: { cpu }, ...options });
const names = (placements: readonly { readonly nodeName: string | undefined }[]): readonly (string | undefined)[] => placements.map(({ nodeName }) => nodeName);

describe('a simulation', () => {
  it('places Pods one after the other, and leaves the cluster as it is', () => {
    const cluster = deepFreeze({ nodes: [makeNode('a'), makeNode('b')], pods: [cores('there', '3', { node: 'a' })] });
    const { placements } = simulate(cluster, { pods: [cores('x', '4'), cores('y', '1'), cores('z', '2')] });
    expect(names(placements)).toEqual(['b', 'a', undefined]);
    expect(placements[2]?.message).toMatch(/^0\/2 nodes are available: 2 Insufficient cpu\./);
  });

  it('of a live state does not touch it', () => {
    const state = createSnapshot({ nodes: [makeNode('a')], pods: [cores('there', '3', { node: 'a' })] });
    const version = state.versions.at.slice();
    expect(names(simulate(state, { pods: [cores('x', '1'), cores('y', '1')] }).placements)).toEqual(['a', undefined]);
    expect(state.get('a')?.requestedCpuMillis).toBe(3000);
    expect(state.versions.at).toEqual(version);
  });

  it('explains each Pod on the cluster as it was in its turn', () => {
    const { placements } = simulate({ nodes: [makeNode('a')] }, { pods: [cores('x', '3'), cores('y', '3')] });
    expect(placements[0]?.explain()).toMatchObject({ chosen: 'a', nodes: { a: { feasible: true } } });
    expect(placements[1]?.explain()).toMatchObject({ smallestChange: { text: '2 more cpu on a' } });
    expect(placements[0]?.explain().chosen).toBe('a');
  });

  it('lets nodes come and go', () => {
    const cluster = { nodes: [makeNode('a'), makeNode('b')], pods: [cores('p', '1', { node: 'a' })] };
    const { placements, emptyNodes } = simulate(cluster, {
      removeNodes: ['a'],
      addNodes: [makeNode('c', { cpu: '8' })],
      pods: [cores('p', '1'), cores('big', '6')],
    });
    expect(placements[1]?.nodeName).toBe('c');
    expect(emptyNodes.length).toBeLessThan(2);
  });

  it('lets Pods go', () => {
    const cluster = { nodes: [makeNode('a')], pods: [cores('p', '4', { node: 'a' })] };
    expect(names(simulate(cluster, { removePods: ['default/p'], pods: [cores('q', '4')] }).placements)).toEqual(['a']);
  });

  it('preempts as the scheduler would', () => {
    const cluster = { nodes: [makeNode('a')], pods: [cores('low', '4', { node: 'a' })] };
    const [placement] = simulate(cluster, { pods: [cores('high', '2', { spec: { priority: 10 } })] }).placements;
    expect(placement).toMatchObject({ nodeName: 'a', victims: [{ metadata: { name: 'low' } }] });
    expect(placement?.explain()).toMatchObject({ preemption: { nodeName: 'a', victims: ['default/low'] } });
  });
});
