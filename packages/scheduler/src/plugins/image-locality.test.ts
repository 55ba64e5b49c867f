import type { Node, Pod } from '@kybern/core/kinds';
import { seededRandom } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { createScheduler } from '../engine/scheduler.ts';
import { imageLocality } from './image-locality.ts';

const MI = 1024 * 1024;
const having = (name: string, images: Readonly<Record<string, number>>): Node => {
  const node = makeNode(name);
  return { ...node, status: { ...node.status, images: Object.entries(images).map(([image, mi]) => ({ names: [image], sizeBytes: mi * MI })) } };
};
const running = (...images: readonly string[]): Pod => makePod('p', { containers: images.map((image) => ({ image })) });

describePluginConformance('ImageLocality', imageLocality);

describe('ImageLocality', () => {
  it.each([
    {
      name: 'images are worth their size, scaled by the share of nodes that have them',
      pod: running('gcr.io/40', 'gcr.io/250'),
      nodes: [having('a', { 'gcr.io/40:latest': 40, 'gcr.io/300:latest': 300 }), having('b', { 'gcr.io/250:latest': 250, 'gcr.io/10:latest': 10 })],
      scores: [0, 5],
    },
    {
      name: 'no more than 1000 Mi per container count',
      pod: running('gcr.io/4000:v1', 'gcr.io/10'),
      nodes: [having('a', { 'gcr.io/4000:v1': 4000 }), having('b', {})],
      scores: [100, 0],
    },
    {
      name: 'spread over three nodes',
      pod: running('gcr.io/4000:v1', 'x'),
      nodes: [having('a', { 'gcr.io/4000:v1': 4000 }), having('b', {}), having('c', {})],
      scores: [66, 0, 0],
    },
    {
      name: 'init containers count too',
      pod: makePod('p', { initContainers: [{ image: 'i' }], containers: [{ image: 'c' }] }),
      nodes: [having('a', { 'i:latest': 1011 })],
      scores: [49],
    },
    { name: 'a port in the name of the registry is no tag', pod: running('host:5000/i'), nodes: [having('a', { 'host:5000/i:latest': 2000 })], scores: [100] },
    { name: 'nobody has it', pod: running('other'), nodes: [having('a', {})], scores: [0] },
  ])('$name', ({ pod, nodes, scores }) => {
    expect(Object.values(askPlugin(imageLocality(), pod, { nodes }).raw)).toEqual(scores);
  });

  it('answers anew when another node gets the image, though the one at hand did not change', () => {
    const state = createSnapshot({ nodes: [having('a', { 'i:latest': 500 }), having('b', { 'j:latest': 300 }), having('c', {})] });
    const decide = (reuseAnswers: boolean) => createScheduler({ plugins: [imageLocality()], random: seededRandom(1), reuseAnswers });
    const [engine, plain] = [decide(true), decide(false)];
    for (const size of [0, 900]) {
      if (size > 0) state.setNode(having('c', { 'j:latest': size, 'i:latest': 1 }));
      for (const pod of [running('i', 'j'), running('i', 'j'), running('i', 'j')])
        expect(engine.schedule(pod, state).node).toBe(plain.schedule(pod, state).node);
    }
  });
});
