import { describe, expect, it } from 'vitest';
import { bridgeConfig, readPodNetwork } from './pod-network.ts';

const source = (subnet: string): string =>
  JSON.stringify({ type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet }], [{ subnet: 'fd00:1::/64' }]] } });
const cniconfig = (...sources: readonly string[]): string =>
  JSON.stringify({
    PluginConfDir: '/etc/cni/net.d',
    Networks: [
      { Config: { Name: 'cni-loopback', Plugins: [{ Source: '{"type":"loopback"}' }] } },
      { Config: { Name: 'net', Plugins: sources.map((Source) => ({ Source })) } },
    ],
  });

describe('readPodNetwork', () => {
  it.each([
    ['the ranges of a bridge', { cniconfig: cniconfig(source('10.1.2.0/24')) }, { directory: '/etc/cni/net.d', subnets: ['10.1.2.0/24', 'fd00:1::/64'] }],
    ['a subnet in the old place', { cniconfig: cniconfig('{"ipam":{"subnet":"10.9.0.0/16"}}') }, { directory: '/etc/cni/net.d', subnets: ['10.9.0.0/16'] }],
    ['no network yet', { cniconfig: '{"PluginConfDir":"/etc/cni/net.d","Networks":[]}' }, { directory: '/etc/cni/net.d', subnets: [] }],
    ['another runtime', { sandboxes: '3' }, { directory: undefined, subnets: [] }],
    ['no JSON', { cniconfig: '{' }, { directory: undefined, subnets: [] }],
    ['a plugin that is no JSON', { cniconfig: cniconfig('{') }, { directory: '/etc/cni/net.d', subnets: [] }],
  ])('%s', (_name, info, expected) => {
    expect(readPodNetwork(info)).toEqual(expected);
  });

  it('says nothing of a runtime that says nothing', () => {
    expect(readPodNetwork(undefined)).toEqual({ directory: undefined, subnets: [] });
  });

  it('reads what bridgeConfig writes', () => {
    const { plugins } = JSON.parse(bridgeConfig(['10.244.0.0/24'])) as { plugins: readonly object[] };
    expect(readPodNetwork({ cniconfig: cniconfig(...plugins.map((plugin) => JSON.stringify(plugin))) }).subnets).toEqual(['10.244.0.0/24']);
  });
});
