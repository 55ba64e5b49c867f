import type { Kind, KubernetesObject, MutableJson } from '@kybern/core';
import type { Environment } from '../environment.ts';
import type { Operation, UserInfo } from '../request.ts';
import type { Resource } from '../resource.ts';

/** What an admission plugin is asked about. */
export interface AdmissionAttributes {
  readonly operation: Operation;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** Empty while it is not generated yet. */
  readonly name: string;
  readonly subresource: string | undefined;
  /** The new object, a private copy that mutating plugins may change; undefined for DELETE. */
  readonly object: MutableJson;
  /** The stored object, frozen; undefined for CREATE. */
  readonly oldObject: KubernetesObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly env: Environment;
  readonly warnings: string[];
}

/**
 * One link of the admission chain. Answers at once where it can: a promise costs every write.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/admission/interfaces.go
 */
export interface AdmissionPlugin {
  /** Kubernetes' name, as in `--enable-admission-plugins`. */
  readonly name: string;
  /** Asked once per resource, subresource and operation; the answer is kept. */
  handles(resource: Resource, operation: Operation, subresource: string | undefined): boolean;
  /** {@link mutate} replaces the parts that it changes, and leaves the old ones alone: then an update need not copy for it what stays as it was. Default false. */
  readonly replacesParts?: boolean;
  /** Changes `attributes.object`. @throws {ApiError} to refuse */
  mutate?(attributes: AdmissionAttributes): void | Promise<void>;
  /** @throws {ApiError} to refuse */
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** The plugins that one kind of write goes through. */
export interface AdmissionChain {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
  /** All of the mutating plugins replace the parts that they change. */
  readonly replacesParts: boolean;
}

/** Picks the plugins that handle writes of one kind. */
export function selectPlugins(
  plugins: readonly AdmissionPlugin[],
  resource: Resource,
  about: { operation: Operation; subresource: string | undefined },
): AdmissionChain {
  const handling = plugins.filter((plugin) => plugin.handles(resource, about.operation, about.subresource));
  const mutating = handling.filter((plugin) => plugin.mutate !== undefined);
  return {
    mutating,
    validating: handling.filter((plugin) => plugin.validate !== undefined),
    replacesParts: mutating.every((plugin) => plugin.replacesParts === true),
  };
}

/** Lets the mutating plugins change the object, in their order. @returns a promise only when a plugin does */
export function runMutating(chain: AdmissionChain, attributes: AdmissionAttributes): void | Promise<void> {
  return runFrom(0, chain.mutating.length, (i) => (chain.mutating[i] as AdmissionPlugin).mutate?.(attributes));
}

/** Asks the validating plugins, in their order. @returns a promise only when a plugin does */
export function runValidating(chain: AdmissionChain, attributes: AdmissionAttributes): void | Promise<void> {
  return runFrom(0, chain.validating.length, (i) => (chain.validating[i] as AdmissionPlugin).validate?.(attributes));
}

function runFrom(first: number, end: number, run: (i: number) => void | Promise<void>): void | Promise<void> {
  for (let i = first; i < end; i++) {
    const pending = run(i);
    if (pending !== undefined) return pending.then(() => runFrom(i + 1, end, run));
  }
}
