import type { KubernetesObject } from '@kybern/core';
import type { PodSpec } from '@kybern/core/kinds';
import { CliError } from '../errors.ts';
import { RUNTIMES, type RuntimeName } from './open-nodes.ts';

/** What {@link chooseRuntime} decides from. */
export interface RuntimeChoiceInput {
  /** `--runtime`. */
  readonly asked: RuntimeName | undefined;
  /** `$KYBERN_RUNTIME`: for tests and shells. */
  readonly environment: string | undefined;
  /** `--nodes`. */
  readonly nodes: number | undefined;
  /** What could run containers here. */
  readonly available: readonly RuntimeName[];
  /** What the first node of the state says of its runtime, such as `containerd://1.6.20`; undefined when there is none. */
  readonly before: string | undefined;
  readonly manifests: readonly Pick<KubernetesObject, 'kind'>[];
}

/** What was chosen. */
export interface RuntimeChoice {
  readonly runtime: RuntimeName;
  /** Set when nobody asked for it: for the first line. */
  readonly why?: string;
}

const MADE_BY: readonly (readonly [prefix: string, runtime: RuntimeName])[] = [
  ['containerd://', 'containerd'],
  ['kybern-process://', 'process'],
  ['simulated://', 'simulated'],
];

/**
 * Chooses what runs containers when nobody says: what ran those of this state before, else containerd where it can be used, else processes of this machine, as long as every container of the manifests says which command
 * it is; what needs an image that nobody can run is simulated.
 *
 * @throws {CliError} the environment names no runtime
 */
export function chooseRuntime(input: RuntimeChoiceInput): RuntimeChoice {
  const { asked, environment = '', nodes, available, before, manifests } = input;
  if (asked !== undefined) return { runtime: asked };
  if (environment !== '') {
    const named = RUNTIMES.find((runtime) => runtime === environment);
    if (named === undefined) throw new CliError(`$KYBERN_RUNTIME must be one of ${RUNTIMES.join(', ')}, not "${environment}"`);
    return { runtime: named };
  }
  if (nodes !== undefined && nodes !== 1) return { runtime: 'simulated' };
  const earlier = MADE_BY.find(([prefix]) => before?.startsWith(prefix) === true)?.[1];
  if (earlier !== undefined) return { runtime: earlier, why: 'as before' };
  if (available.includes('containerd')) return { runtime: 'containerd', why: 'as containerd can be used here' };
  if (!available.includes('process')) return { runtime: 'simulated' };
  if (manifests.some(needsImage)) return { runtime: 'simulated', why: 'as there is no containerd here for the images of these manifests' };
  return { runtime: 'process', why: 'as there is no containerd here' };
}

/** Whether a Pod, or what makes Pods, has a container that runs what its image says. */
function needsImage(object: Pick<KubernetesObject, 'kind'>): boolean {
  const containers = [...(podSpecOf(object)?.containers ?? []), ...(podSpecOf(object)?.initContainers ?? [])];
  return containers.some(({ command = [] }) => command.length === 0);
}

interface MaybePods {
  readonly spec?: PodSpec & {
    readonly template?: { readonly spec?: PodSpec };
    readonly jobTemplate?: { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
  };
}

function podSpecOf(object: Pick<KubernetesObject, 'kind'>): PodSpec | undefined {
  const { spec } = object as MaybePods;
  if (object.kind === 'Pod') return spec;
  return spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec;
}
