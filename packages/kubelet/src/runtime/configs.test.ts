import type { Pod, PodSpec } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { sandboxConfig, type PodResolver } from './configs.ts';

const pod = (spec: Partial<PodSpec>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const own = { nameservers: ['192.0.2.1'], searches: ['a.example'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };

describe('what a resolver is told', () => {
  it.each<[string, Partial<PodSpec>, PodResolver | undefined, object | undefined]>([
    ['is the runtime’s choice where the node says nothing', {}, undefined, undefined],
    [
      'is the Pod’s own with the policy None',
      { dnsPolicy: 'None', dnsConfig: own },
      undefined,
      { servers: ['192.0.2.1'], searches: ['a.example'], options: ['ndots:2', 'edns0'] },
    ],
    ['is nothing of the Pod’s with another policy', { dnsConfig: own }, undefined, undefined],
    ['is what the node says', {}, { nameservers: ['10.96.0.10'], searches: [], options: [] }, { servers: ['10.96.0.10'], searches: [], options: [] }],
  ])('%s', (_name, spec, resolver, expected) => {
    const config = sandboxConfig(pod(spec), 0, { logRoot: '/logs', ...(resolver === undefined ? {} : { resolver }) });
    expect(config.dnsConfig).toEqual(expected);
  });
});
