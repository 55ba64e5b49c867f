import { describe, expect, it } from 'vitest';
import type { Plugin } from '../engine/plugin.ts';
import { SchedulerConfigError } from '../errors.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import type { KubeSchedulerProfile } from './configuration-types.ts';
import { readSchedulerConfiguration, type ReadConfigurationOptions } from './read-configuration.ts';

const HEADER = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const pluginsOf = (profile: KubeSchedulerProfile, options: ReadConfigurationOptions = {}): readonly Plugin[] => {
  const read = readSchedulerConfiguration({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles: [profile] }, options);
  return read.profiles[0]?.plugins ?? [];
};
const find = (plugins: readonly Plugin[], name: string): Plugin | undefined => plugins.find((plugin) => plugin.name === name);
const packing = (): Plugin => ({ name: 'Packing', filter: () => undefined, score: () => 1 });

describe('a KubeSchedulerConfiguration', () => {
  it('without profiles has the default one', () => {
    const read = readSchedulerConfiguration(HEADER);
    expect(read).toMatchObject({ extenders: [], percentageOfNodesToScore: 0, initialBackoffMs: 1000, maxBackoffMs: 10_000 });
    expect(read.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['default-scheduler']);
    expect(read.profiles[0]?.plugins.map(({ name, weight }) => [name, weight ?? 1])).toEqual(defaultPlugins().map(({ name, weight }) => [name, weight ?? 1]));
  });

  it('takes profiles, arguments, back-off and extenders from YAML as kube-scheduler does', () => {
    const read = readSchedulerConfiguration(`${HEADER}
parallelism: 8
leaderElection: { leaderElect: false }
clientConnection: { kubeconfig: /etc/kubernetes/scheduler.conf }
percentageOfNodesToScore: 50
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 20
profiles:
  - schedulerName: default-scheduler
  - schedulerName: bin-packing
    percentageOfNodesToScore: 100
    plugins:
      multiPoint:
        disabled: [{ name: NodeResourcesBalancedAllocation }]
      score:
        enabled: [{ name: NodeResourcesFit, weight: 5 }]
    pluginConfig:
      - name: NodeResourcesFit
        args:
          apiVersion: kubescheduler.config.k8s.io/v1
          kind: NodeResourcesFitArgs
          scoringStrategy:
            type: MostAllocated
            resources: [{ name: cpu, weight: 3 }, { name: memory }]
extenders:
  - urlPrefix: http://127.0.0.1:8888/
    filterVerb: filter
    prioritizeVerb: prioritize
    weight: 2
    httpTimeout: 1s
    ignorable: true
    managedResources: [{ name: example.com/foo, ignoredByScheduler: true }]
`);
    expect(read).toMatchObject({ percentageOfNodesToScore: 50, initialBackoffMs: 2000, maxBackoffMs: 20_000 });
    const [, packed] = read.profiles;
    expect(packed?.schedulerName).toBe('bin-packing');
    expect(packed?.percentageOfNodesToScore).toBe(100);
    expect(find(packed?.plugins ?? [], 'NodeResourcesBalancedAllocation')).toBeUndefined();
    expect(find(packed?.plugins ?? [], 'NodeResourcesFit')?.weight).toBe(5);
    expect(read.extenders).toMatchObject([{ urlPrefix: 'http://127.0.0.1:8888/', weight: 2, httpTimeout: 1000, ignorable: true }]);
  });
});

describe('the plugins of a profile', () => {
  it('lose one extension point and keep the others', () => {
    const plugin = find(pluginsOf({ plugins: { score: { disabled: [{ name: 'NodeAffinity' }] } } }), 'NodeAffinity');
    expect(plugin?.filter).toBeTypeOf('function');
    expect(plugin?.score).toBeUndefined();
    expect(plugin?.normalizeScore).toBeUndefined();
  });

  it('are only those that are enabled when all are disabled', () => {
    const sets = { disabled: [{ name: '*' }], enabled: [{ name: 'PrioritySort' }, { name: 'DefaultBinder' }, { name: 'NodeName' }] };
    expect(pluginsOf({ plugins: { multiPoint: sets } }).map(({ name }) => name)).toEqual(['PrioritySort', 'DefaultBinder', 'NodeName']);
  });

  it('can be those of others, with their arguments', () => {
    const seen: unknown[] = [];
    const registry = { Packing: (args: unknown): Plugin => (seen.push(args), packing()) };
    const profile = { plugins: { multiPoint: { enabled: [{ name: 'Packing', weight: 7 }] } }, pluginConfig: [{ name: 'Packing', args: { share: 2 } }] };
    expect(find(pluginsOf(profile, { plugins: registry }), 'Packing')).toMatchObject({ name: 'Packing', weight: 7 });
    expect(seen).toEqual([{ share: 2 }]);
  });

  it('weigh 1 when they are enabled anew without a weight', () => {
    expect(find(pluginsOf({}), 'TaintToleration')?.weight).toBe(3);
    expect(find(pluginsOf({ plugins: { multiPoint: { enabled: [{ name: 'TaintToleration' }] } } }), 'TaintToleration')?.weight).toBe(1);
  });

  it('go before the MultiPoint ones where an extension point names them', () => {
    const profile: KubeSchedulerProfile = { plugins: { filter: { enabled: [{ name: 'NodeResourcesFit' }, { name: 'Packing' }] } } };
    const read = readSchedulerConfiguration(
      { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles: [profile] },
      { plugins: { Packing: packing } },
    );
    const order = read.profiles[0]?.order?.filter ?? [];
    expect(order[0]).toBe('NodeResourcesFit');
    expect(order.at(-1)).toBe('Packing');
    expect(find(read.profiles[0]?.plugins ?? [], 'Packing')?.score).toBeUndefined();
  });
});

describe('a mistake in a configuration', () => {
  const args = (name: string, value: unknown): KubeSchedulerProfile => ({ pluginConfig: [{ name, args: value }] });
  const ARGS = 'profiles[0].pluginConfig[0].args';
  it.each<{ name: string; profile: KubeSchedulerProfile; field: string }>([
    { name: 'an unknown plugin', profile: { plugins: { score: { enabled: [{ name: 'Nope' }] } } }, field: 'profiles[0].plugins.score.enabled[0].name' },
    {
      name: 'an unknown plugin that is disabled',
      profile: { plugins: { multiPoint: { disabled: [{ name: 'Nope' }] } } },
      field: 'profiles[0].plugins.multiPoint.disabled[0].name',
    },
    {
      name: 'a plugin that Kubernetes removed',
      profile: { plugins: { filter: { enabled: [{ name: 'EBSLimits' }] } } },
      field: 'profiles[0].plugins.filter.enabled[0].name',
    },
    {
      name: 'an extension point that the plugin has not',
      profile: { plugins: { score: { enabled: [{ name: 'NodeName' }] } } },
      field: 'profiles[0].plugins.score.enabled[0].name',
    },
    {
      name: 'a plugin enabled twice',
      profile: { plugins: { filter: { enabled: [{ name: 'NodeName' }, { name: 'NodeName' }] } } },
      field: 'profiles[0].plugins.filter.enabled[1].name',
    },
    { name: 'no plugin that binds', profile: { plugins: { bind: { disabled: [{ name: '*' }] } } }, field: 'profiles[0].plugins.bind' },
    { name: 'arguments for an unknown plugin', profile: args('Nope', {}), field: 'profiles[0].pluginConfig[0].name' },
    { name: 'an unknown argument', profile: args('NodeResourcesFit', { scoringStrategi: {} }), field: `${ARGS}.scoringStrategi` },
    { name: 'an argument where there is none', profile: args('NodeName', { x: 1 }), field: `${ARGS}.x` },
    { name: 'another strategy', profile: args('NodeResourcesFit', { scoringStrategy: { type: 'Best' } }), field: `${ARGS}.scoringStrategy.type` },
    {
      name: 'a weight out of range',
      profile: args('NodeResourcesFit', { scoringStrategy: { resources: [{ name: 'cpu', weight: 101 }] } }),
      field: `${ARGS}.scoringStrategy.resources[0].weight`,
    },
    {
      name: 'a strategy without its shape',
      profile: args('NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio' } }),
      field: `${ARGS}.scoringStrategy.requestedToCapacityRatio`,
    },
    {
      name: 'a shape that falls back',
      profile: args('NodeResourcesFit', {
        scoringStrategy: {
          type: 'RequestedToCapacityRatio',
          requestedToCapacityRatio: {
            shape: [
              { utilization: 5, score: 1 },
              { utilization: 5, score: 2 },
            ],
          },
        },
      }),
      field: `${ARGS}.scoringStrategy.requestedToCapacityRatio.shape[1].utilization`,
    },
    {
      name: 'balanced resources with a weight',
      profile: args('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 2 }] }),
      field: `${ARGS}.resources[0].weight`,
    },
    { name: 'a weight of hard affinity', profile: args('InterPodAffinity', { hardPodAffinityWeight: 101 }), field: `${ARGS}.hardPodAffinityWeight` },
    {
      name: 'default constraints with System defaults',
      profile: args('PodTopologySpread', { defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] }),
      field: `${ARGS}.defaultingType`,
    },
    {
      name: 'a default constraint with a selector',
      profile: args('PodTopologySpread', {
        defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
        defaultingType: 'List',
      }),
      field: `${ARGS}.defaultConstraints[0].labelSelector`,
    },
    {
      name: 'no candidates for preemption',
      profile: args('DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }),
      field: `${ARGS}.minCandidateNodesPercentage`,
    },
    { name: 'a negative timeout', profile: args('VolumeBinding', { bindTimeoutSeconds: -1 }), field: `${ARGS}.bindTimeoutSeconds` },
    {
      name: 'an added affinity without values',
      profile: args('NodeAffinity', {
        addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } },
      }),
      field: `${ARGS}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values`,
    },
    { name: 'a percentage', profile: { percentageOfNodesToScore: 101 }, field: 'profiles[0].percentageOfNodesToScore' },
  ])('is named by its path: $name', ({ profile, field }) => {
    expect(() => pluginsOf(profile)).toThrow(expect.objectContaining({ name: 'SchedulerConfigError', field }) as Error);
  });

  it.each([
    { name: 'an unknown field', yaml: 'profile: []', field: 'profile' },
    { name: 'a back-off that is too small', yaml: 'podInitialBackoffSeconds: 0', field: 'podInitialBackoffSeconds' },
    { name: 'a largest back-off below the first', yaml: 'podInitialBackoffSeconds: 9\npodMaxBackoffSeconds: 8', field: 'podMaxBackoffSeconds' },
    { name: 'two profiles of one name', yaml: 'profiles: [{ schedulerName: a }, { schedulerName: a }]', field: 'profiles[1].schedulerName' },
    { name: 'an extender that prioritizes without weight', yaml: 'extenders: [{ urlPrefix: "http://x", prioritizeVerb: p }]', field: 'extenders[0].weight' },
    {
      name: 'two extenders that bind',
      yaml: 'extenders: [{ urlPrefix: "http://x", bindVerb: b }, { urlPrefix: "http://y", bindVerb: b }]',
      field: 'extenders[1].bindVerb',
    },
  ])('outside the profiles is named too: $name', ({ yaml, field }) => {
    expect(() => readSchedulerConfiguration(`${HEADER}${yaml}\n`)).toThrow(expect.objectContaining({ field }) as Error);
  });

  it('of a plugin that checks its own arguments has their path', () => {
    const registry = {
      Packing: () => {
        throw new SchedulerConfigError('share', 'must be a number');
      },
    };
    const profile = { plugins: { score: { enabled: [{ name: 'Packing' }] } }, pluginConfig: [{ name: 'Packing', args: {} }] };
    expect(() => pluginsOf(profile, { plugins: registry })).toThrow(
      expect.objectContaining({ field: `${ARGS}.share`, message: `${ARGS}.share: must be a number` }) as Error,
    );
  });
});
