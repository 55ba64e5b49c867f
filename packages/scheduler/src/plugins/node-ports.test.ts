import type { ContainerPort, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { nodePorts } from './node-ports.ts';

/** Ports written as `UDP/127.0.0.1/8080`. */
function withPorts(name: string, ports: readonly string[], node?: string): Pod {
  const parsed = ports.map((text): ContainerPort => {
    const [protocol, hostIP, port] = text.split('/') as [ContainerPort['protocol'], string, string];
    return { containerPort: 1, hostPort: Number(port), ...(hostIP === '' ? {} : { hostIP }), ...(protocol === undefined ? {} : { protocol }) };
  });
  return makePod(name, { containers: [{ ports: parsed }], ...(node === undefined ? {} : { node }) });
}

describePluginConformance('NodePorts', nodePorts);

describe('NodePorts', () => {
  it.each([
    { name: 'no ports', wanted: [], used: ['TCP/0.0.0.0/8080'], fits: true },
    { name: 'another port', wanted: ['UDP/127.0.0.1/8080'], used: ['UDP/127.0.0.1/9090'], fits: true },
    { name: 'the same port', wanted: ['UDP/127.0.0.1/8080'], used: ['UDP/127.0.0.1/8080'], fits: false },
    { name: 'another protocol', wanted: ['UDP/127.0.0.1/8080'], used: ['TCP/127.0.0.1/8080'], fits: true },
    { name: 'another address', wanted: ['TCP/127.0.0.2/8080'], used: ['TCP/127.0.0.1/8080'], fits: true },
    { name: 'all addresses wanted', wanted: ['TCP/0.0.0.0/8001'], used: ['TCP/127.0.0.1/8001'], fits: false },
    { name: 'all addresses used', wanted: ['TCP/127.0.0.1/8001'], used: ['TCP/0.0.0.0/8001'], fits: false },
    { name: 'no address means all', wanted: ['TCP//8001'], used: ['TCP/127.0.0.1/8001'], fits: false },
    { name: 'one of several', wanted: ['UDP/127.0.0.1/8000', 'UDP/127.0.0.1/8080'], used: ['UDP/127.0.0.1/8080'], fits: false },
  ])('$name', ({ wanted, used, fits }) => {
    const asked = askPlugin(nodePorts(), withPorts('p', wanted), { nodes: [makeNode('a')], pods: [withPorts('q', used, 'a')] });
    expect(asked.feasible).toEqual(fits ? ['a'] : []);
    if (!fits) expect(asked.verdictOf('a')).toMatchObject({ code: 'Unschedulable', reasons: ["node(s) didn't have free ports for the requested pod ports"] });
  });

  it.each([
    { name: 'a Pod with the port went', gone: ['TCP//80'], hint: 'Queue' },
    { name: 'a Pod without it went', gone: ['TCP//81'], hint: 'QueueSkip' },
  ])('hint: $name', ({ gone, hint }) => {
    const [registration] = nodePorts().eventsToRegister?.() ?? [];
    expect(registration?.hint?.(withPorts('p', ['TCP//80']), { resource: 'AssignedPod', action: 'Delete', old: withPorts('q', gone, 'a') })).toBe(hint);
  });
});
