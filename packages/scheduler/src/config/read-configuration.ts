import { isQualifiedName, parseDuration } from '@kybern/core';
import { readManifests } from '@kybern/core/manifests';
import { SchedulerConfigError } from '../errors.ts';
import { anything, flag, integer, list, oneOf, record, text, type Reader } from './config-reader.ts';
import { nonEmpty, profileReader } from './profile-reader.ts';
import { configureProfile, type SchedulerProfile } from './configure-profile.ts';
import type { ExtenderConfig, KubeSchedulerConfiguration, KubeSchedulerProfile } from './configuration-types.ts';
import type { NodeResourcesFitArgs } from '../plugins/node-resources-fit.ts';
import type { PluginRegistry } from './plugin-registry.ts';

/** A configuration as options of {@link createSchedulerLoop}: spread it into them. */
export interface ConfiguredScheduler {
  readonly profiles: readonly SchedulerProfile[];
  readonly extenders: readonly ExtenderConfig[];
  readonly percentageOfNodesToScore: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** Options of {@link readSchedulerConfiguration}. */
export interface ReadConfigurationOptions {
  /** Plugins of others, which the configuration can then name. */
  readonly plugins?: PluginRegistry;
  /** The file's name, for errors in its YAML. */
  readonly file?: string;
}

const timeout: Reader<string | number> = (value, path) => {
  try {
    return parseDuration(value as string);
  } catch {
    throw new SchedulerConfigError(path, 'must be a duration such as 5s');
  }
};

const managedResource = record<{ readonly name: string; readonly ignoredByScheduler?: boolean }>({ name: nonEmpty, ignoredByScheduler: flag }, ['name']);

const extender: Reader<ExtenderConfig> = record<ExtenderConfig>(
  {
    urlPrefix: nonEmpty,
    filterVerb: text,
    preemptVerb: text,
    prioritizeVerb: text,
    weight: integer(0),
    bindVerb: text,
    enableHTTPS: flag,
    tlsConfig: record<Record<string, never>>(
      { insecure: flag, serverName: text, certFile: text, keyFile: text, caFile: text, certData: text, keyData: text, caData: text } as never,
      [],
    ) as Reader<Readonly<Record<string, unknown>>>,
    httpTimeout: timeout,
    nodeCacheCapable: flag,
    managedResources: list(managedResource),
    ignorable: flag,
  },
  ['urlPrefix'],
);

const configuration: Reader<KubeSchedulerConfiguration> = record<KubeSchedulerConfiguration>(
  {
    apiVersion: oneOf('kubescheduler.config.k8s.io/v1'),
    kind: oneOf('KubeSchedulerConfiguration'),
    profiles: list(profileReader),
    percentageOfNodesToScore: integer(0, 100),
    podInitialBackoffSeconds: integer(1),
    podMaxBackoffSeconds: integer(1),
    extenders: list(extender),
    parallelism: integer(1),
    leaderElection: anything as Reader<NonNullable<unknown>>,
    clientConnection: anything as Reader<NonNullable<unknown>>,
    enableProfiling: flag,
    enableContentionProfiling: flag,
    delayCacheUntilActive: flag,
    percentageOfPlacementsToScore: integer(0, 100),
  },
  ['apiVersion', 'kind'],
);

/**
 * Reads a KubeSchedulerConfiguration v1: YAML or JSON text, or the object. Everything in it is checked here, before any Pod is placed.
 *
 * @throws {SchedulerConfigError} naming the path (`profiles[0].pluginConfig[1].args.scoringStrategy.type`)
 * @throws {ApiError} `BadRequest` when the text is no YAML, naming file and line
 * @example createSchedulerLoop({ client, ...readSchedulerConfiguration(await readFile('scheduler.yaml', 'utf8')) })
 */
export function readSchedulerConfiguration(source: string | KubeSchedulerConfiguration, options: ReadConfigurationOptions = {}): ConfiguredScheduler {
  const { plugins = {}, file = 'KubeSchedulerConfiguration' } = options;
  const read = configuration(typeof source === 'string' ? parse(source, file) : source, '');
  const ignored = (read.extenders ?? []).flatMap(({ managedResources = [] }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler === true),
  );
  const profiles = (read.profiles?.length ? read.profiles : [{}]).map((profile, index) => {
    const path = `profiles[${index}]`;
    const made = configureProfile(
      ignoring(
        profile,
        ignored.map((resource) => resource.name),
      ),
      { registry: plugins, path },
    );
    for (const point of ['queueSort', 'bind'] as const) {
      if (made.order?.[point]?.length === 0) throw new SchedulerConfigError(`${path}.plugins.${point}`, 'a scheduler cannot do without; enable one');
    }
    return made;
  });
  checkProfiles(profiles);
  const { podInitialBackoffSeconds: initial = 1, podMaxBackoffSeconds: max = 10, extenders = [], percentageOfNodesToScore = 0 } = read;
  if (max < initial) throw new SchedulerConfigError('podMaxBackoffSeconds', `must be at least podInitialBackoffSeconds, which is ${initial}`);
  checkExtenders(extenders);
  return { profiles, extenders, percentageOfNodesToScore, initialBackoffMs: initial * 1000, maxBackoffMs: max * 1000 };
}

/** What an extender looks after, NodeResourcesFit does not. */
function ignoring(profile: KubeSchedulerProfile, resources: readonly string[]): KubeSchedulerProfile {
  if (resources.length === 0) return profile;
  const { pluginConfig = [] } = profile;
  const at = pluginConfig.findIndex((each) => each.name === 'NodeResourcesFit');
  const args = (pluginConfig[at]?.args ?? {}) as NodeResourcesFitArgs;
  const config = { name: 'NodeResourcesFit', args: { ...args, ignoredResources: [...(args.ignoredResources ?? []), ...resources] } };
  return { ...profile, pluginConfig: at < 0 ? [...pluginConfig, config] : pluginConfig.with(at, config) };
}

/**
 * The profiles of a KubeSchedulerConfiguration v1, as {@link explain} takes them. The whole configuration is checked.
 *
 * @throws see {@link readSchedulerConfiguration}
 */
export function readKubeSchedulerProfiles(
  source: string | KubeSchedulerConfiguration,
  options: ReadConfigurationOptions = {},
): readonly KubeSchedulerProfile[] {
  const value = typeof source === 'string' ? parse(source, options.file ?? 'KubeSchedulerConfiguration') : source;
  readSchedulerConfiguration(value as KubeSchedulerConfiguration, options);
  return configuration(value, '').profiles ?? [{}];
}

function parse(source: string, file: string): unknown {
  const [first, second] = readManifests(source, { file });
  if (first === undefined) throw new SchedulerConfigError('', `${file} is empty`);
  if (second !== undefined) throw new SchedulerConfigError('', `${file} has more than one document`);
  return first.object;
}

/** One queue serves all profiles, so it can have only one order. */
function checkProfiles(profiles: readonly SchedulerProfile[]): void {
  const names = new Map<string, number>();
  profiles.forEach(({ schedulerName, order }, index) => {
    const before = names.get(schedulerName);
    if (before !== undefined) throw new SchedulerConfigError(`profiles[${index}].schedulerName`, `"${schedulerName}" is the name of profiles[${before}] too`);
    names.set(schedulerName, index);
    if (order?.queueSort?.[0] !== profiles[0]?.order?.queueSort?.[0]) {
      throw new SchedulerConfigError(`profiles[${index}].plugins.queueSort`, 'must be the same for all profiles');
    }
  });
}

function checkExtenders(extenders: readonly ExtenderConfig[]): void {
  const resources = new Set<string>();
  let binders = 0;
  extenders.forEach(({ prioritizeVerb = '', weight = 0, bindVerb = '', managedResources = [] }, index) => {
    const path = `extenders[${index}]`;
    if (prioritizeVerb !== '' && weight <= 0) throw new SchedulerConfigError(`${path}.weight`, 'must be above 0 when there is a prioritizeVerb');
    if (bindVerb !== '' && ++binders > 1) throw new SchedulerConfigError(`${path}.bindVerb`, 'only one extender can bind');
    managedResources.forEach((resource, at) => {
      const where = `${path}.managedResources[${at}].name`;
      if (!isQualifiedName(resource.name) || !resource.name.includes('/')) throw new SchedulerConfigError(where, `"${resource.name}" is no extended resource`);
      if (resources.has(resource.name)) throw new SchedulerConfigError(where, `"${resource.name}" is there twice`);
      resources.add(resource.name);
    });
  });
}
