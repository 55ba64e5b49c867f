// What reads KubeSchedulerConfiguration files; a sub-path of its own, since it brings a YAML parser along.
export { readKubeSchedulerProfiles, readSchedulerConfiguration } from './read-configuration.ts';
export type { ConfiguredScheduler, ReadConfigurationOptions } from './read-configuration.ts';
