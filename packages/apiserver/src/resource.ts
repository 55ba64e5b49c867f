import { apiVersionOf, type Kind, type KindModel } from '@kybern/core';
import { selectPlugins, type AdmissionChain } from './admission/admission.ts';
import { compileDecoder, type Decoder } from './decode.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './request.ts';
import { strategyFor } from './resources/index.ts';
import type { Strategy } from './strategy.ts';

/** A kind's model with what the server compiled from it. */
export interface LoadedModel extends KindModel {
  readonly decode: Decoder;
}

/** The compiled pipeline of one kind: everything that does not change from request to request. */
export interface Resource {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Custom kinds take no strategic merge patches. */
  readonly custom: boolean;
  readonly hasStatus: boolean;
  readonly strategy: Strategy;
  /** Where the objects are stored: `/registry/apps/deployments/`. */
  readonly prefix: string;
  /** The model if it is loaded: spares the hot path a promise. */
  readonly model: LoadedModel | undefined;
  loadModel(): Promise<LoadedModel>;
  admission(operation: Operation, subresource: string | undefined): AdmissionChain;
}

/** Compiles the pipeline of one kind. */
export function createResource(kind: Kind, env: Environment, options: { custom: boolean }): Resource {
  const chains = new Map<string, AdmissionChain>();
  let loading: Promise<LoadedModel> | undefined;
  let model: LoadedModel | undefined;
  const resource: Resource = {
    kind,
    apiVersion: apiVersionOf(kind),
    namespaced: kind.scope === 'Namespaced',
    custom: options.custom,
    hasStatus: kind.subresources.some((subresource) => subresource.name === 'status'),
    strategy: strategyFor(kind, options.custom),
    prefix: `/registry/${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`,
    get model() {
      return model;
    },
    loadModel: () =>
      (loading ??= env.pending(kind.model()).then(
        (loaded) => (model = { schema: loaded.schema, validate: (object) => loaded.validate(object), unknownFields: (object) => loaded.unknownFields(object), setDefaults: (object) => loaded.setDefaults(object), decode: compileDecoder(loaded.schema, { apiVersion: apiVersionOf(kind), kind: kind.kind }) }),
      )),
    admission(operation, subresource) {
      const key = subresource === undefined ? operation : `${operation}/${subresource}`;
      let chain = chains.get(key);
      if (chain === undefined) chains.set(key, (chain = selectPlugins(env.admission, resource, { operation, subresource })));
      return chain;
    },
  };
  return resource;
}

/** The key of one object in the store. */
export function objectKey(resource: Resource, namespace: string | undefined, name: string): string {
  return resource.namespaced ? `${resource.prefix}${namespace ?? 'default'}/${name}` : resource.prefix + name;
}

/** The prefix under which a list finds its objects. */
export function listPrefix(resource: Resource, namespace: string | undefined): string {
  return resource.namespaced && namespace !== undefined ? `${resource.prefix}${namespace}/` : resource.prefix;
}
