import { SchedulerConfigError } from '../errors.ts';
import { anything, integer, list, record, text, type Reader } from './config-reader.ts';
import {
  CONFIGURABLE_POINTS,
  GROUP_POINTS,
  type KubeSchedulerProfile,
  type PluginConfig,
  type PluginReference,
  type PluginSet,
  type ProfilePlugins,
} from './configuration-types.ts';

/** A text with something in it. */
export const nonEmpty: Reader<string> = (value, path) => {
  const read = text(value, path);
  if (read === '') throw new SchedulerConfigError(path, 'must not be empty');
  return read;
};
const reference = record<PluginReference>({ name: nonEmpty, weight: integer(0) }, ['name']);
const pluginSet = record<PluginSet>({ enabled: list(reference), disabled: list(reference) }, []);
const pluginSets = Object.fromEntries([...CONFIGURABLE_POINTS, ...GROUP_POINTS, 'multiPoint'].map((point) => [point, pluginSet]));

/** One profile, shape only: whether its plugins exist is {@link configureProfile}'s to say. */
export const profileReader: Reader<KubeSchedulerProfile> = record<KubeSchedulerProfile>(
  {
    schedulerName: nonEmpty,
    percentageOfNodesToScore: integer(0, 100),
    plugins: record<ProfilePlugins>(pluginSets as never, []),
    pluginConfig: list(record<PluginConfig>({ name: nonEmpty, args: anything as Reader<NonNullable<unknown>> }, ['name'])),
    ...({ percentageOfPlacementsToScore: integer(0, 100) } as object),
  },
  [],
);
