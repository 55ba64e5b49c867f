import { readText } from '@kybern/core';
import { expect, it } from 'vitest';
import { createTestCluster } from './test-cluster.ts';

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };

it('logs and commands of Pods are there in virtual time, and gone with their node', async () => {
  await using cluster = await createTestCluster({ nodes: 1 });
  const { runtime } = cluster.node('node-1');
  const before = cluster.clock.now();
  runtime.behaviors.add({ pod: 'web', logs: [{ line: 'up' }], exec: [{ command: 'answer', stdout: '42\n', exitCode: 2 }] });
  await cluster.apply([POD] as never);
  await cluster.settle();

  const { podStreams } = cluster.api;
  expect(await readText(await podStreams.logs('default/web'))).toBe('up\n');
  const { stdout, exitCode } = await podStreams.exec('default/web', { command: ['answer'] });
  expect([await readText(stdout ?? new Blob([]).stream()), await exitCode]).toEqual(['42\n', 2]);

  const following = (await podStreams.logs('default/web', { follow: true, timestamps: true })).getReader();
  await following.read();
  const later = following.read();
  await cluster.advance('1h');
  runtime.writeLog({ pod: 'web' }, 'an hour later');
  const line = Buffer.from((await later).value ?? new Uint8Array()).toString();
  expect(line).toMatch(/^\S+Z an hour later\n$/);
  expect(Date.parse(`${line.slice(0, 19)}Z`) - before).toBeGreaterThanOrEqual(3_600_000 - 1000);
  await following.cancel();

  cluster.node('node-1').kill();
  await expect(podStreams.logs('default/web')).rejects.toThrow(/does not answer/);
}, 60_000);
