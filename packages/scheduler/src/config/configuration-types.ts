/** A plugin in a {@link PluginSet}. */
export interface PluginReference {
  /** `*` in `disabled`: all. */
  readonly name: string;
  /** What its scores count; 0 and nothing mean 1. */
  readonly weight?: number;
}

/** Changes to the plugins of an extension point. */
export interface PluginSet {
  readonly enabled?: readonly PluginReference[];
  readonly disabled?: readonly PluginReference[];
}

/** The extension points that a profile can configure. */
export const CONFIGURABLE_POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;

/** An extension point, as KubeSchedulerConfiguration names it. */
export type ConfigurablePoint = (typeof CONFIGURABLE_POINTS)[number];

/** Extension points of groups of Pods: they can be named, but no plugin of ours has them yet. */
export const GROUP_POINTS = ['placementGenerate', 'placementScore', 'placementFeasible', 'podGroupPostFilter'] as const;

/** Which plugins a profile has, and at which extension points. */
export type ProfilePlugins = { readonly [P in ConfigurablePoint | (typeof GROUP_POINTS)[number] | 'multiPoint']?: PluginSet };

/** Arguments of one plugin. */
export interface PluginConfig {
  readonly name: string;
  readonly args?: unknown;
}

/**
 * One profile of a KubeSchedulerConfiguration.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/config/v1/types.go (KubeSchedulerProfile)
 */
export interface KubeSchedulerProfile {
  /** Default `default-scheduler`. */
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: ProfilePlugins;
  readonly pluginConfig?: readonly PluginConfig[];
}

/** How to call a scheduler extender over HTTP. */
export interface ExtenderConfig {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  /** What its priorities count; above 0 when there is a `prioritizeVerb`. */
  readonly weight?: number;
  readonly bindVerb?: string;
  readonly enableHTTPS?: boolean;
  readonly tlsConfig?: Readonly<Record<string, unknown>>;
  /** Default 5 s. */
  readonly httpTimeout?: string | number;
  /** It knows the nodes, so that their names are enough. */
  readonly nodeCacheCapable?: boolean;
  /** Only Pods that ask for one of these are its business; none: all Pods are. */
  readonly managedResources?: readonly { readonly name: string; readonly ignoredByScheduler?: boolean }[];
  /** Scheduling goes on without it when it fails. */
  readonly ignorable?: boolean;
}

/**
 * The configuration of a scheduler, as kube-scheduler reads it.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/config/v1/types.go (KubeSchedulerConfiguration)
 */
export interface KubeSchedulerConfiguration {
  readonly apiVersion: 'kubescheduler.config.k8s.io/v1';
  readonly kind: 'KubeSchedulerConfiguration';
  readonly profiles?: readonly KubeSchedulerProfile[];
  readonly percentageOfNodesToScore?: number;
  /** Default 1. */
  readonly podInitialBackoffSeconds?: number;
  /** Default 10. */
  readonly podMaxBackoffSeconds?: number;
  readonly extenders?: readonly ExtenderConfig[];
  /** Read and checked; a decision here is made by one thread. */
  readonly parallelism?: number;
  /** These belong to the process around the scheduler: read, and left to whoever runs it. */
  readonly leaderElection?: unknown;
  readonly clientConnection?: unknown;
  readonly enableProfiling?: boolean;
  readonly enableContentionProfiling?: boolean;
  readonly delayCacheUntilActive?: boolean;
  readonly percentageOfPlacementsToScore?: number;
}
