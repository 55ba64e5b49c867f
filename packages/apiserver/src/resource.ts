import { apiVersionOf, deepFreeze, type Kind, type KindModel, type KubernetesObject, type MutableJson } from '@kybern/core';
import { fieldTypeOf, type FieldType } from '@kybern/core/server-side-apply';
import { selectPlugins, type AdmissionChain } from './admission/admission.ts';
import { conversionOf, rememberReads } from './conversion/conversion.ts';
import { compileDecoder, type Decoder } from './decode.ts';
import type { Environment } from './environment.ts';
import { carryLedger } from './managed-fields/ledger.ts';
import type { Operation } from './request.ts';
import { strategyFor } from './resources/index.ts';
import type { Strategy } from './strategy.ts';
import { createUpdateRules, type UpdateRules } from './subresources/update-rules.ts';

/** A kind's model with what the server compiled from it. */
export interface LoadedModel extends KindModel {
  readonly decode: Decoder;
  /** How the fields of its objects are owned. */
  readonly fields: FieldType;
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
  /** What an update through a subresource may change; undefined: of the object. @throws {ApiError} `NotFound` when the kind does not have it */
  updateRules(subresource: string | undefined): UpdateRules;
  /** A stored object as this kind. The same reference for the same object. */
  read(stored: KubernetesObject): KubernetesObject;
  /** An object of this kind as it is stored. */
  toStored(object: KubernetesObject): KubernetesObject;
}

const same = (object: KubernetesObject): KubernetesObject => object;

/** Compiles the pipeline of one kind. */
export function createResource(kind: Kind, env: Environment, options: { custom: boolean }): Resource {
  const apiVersion = apiVersionOf(kind);
  const chains = new Map<string, AdmissionChain>();
  const rules = new Map<string, UpdateRules>();
  const conversion = options.custom ? undefined : conversionOf(kind);
  let loading: Promise<LoadedModel> | undefined;
  let model: LoadedModel | undefined;
  const resource: Resource = {
    kind,
    apiVersion,
    namespaced: kind.scope === 'Namespaced',
    custom: options.custom,
    hasStatus: hasSubresource(kind, 'status'),
    strategy: strategyFor(kind, options.custom),
    prefix: storePrefix(conversion?.storedAs ?? kind),
    get model() {
      return model;
    },
    loadModel: () => (loading ??= env.pending(kind.model()).then((loaded) => (model = withDecoder(loaded, { apiVersion, kind: kind.kind })))),
    admission: (operation, subresource) =>
      remembered(chains, `${operation}/${subresource ?? ''}`, () => selectPlugins(env.admission, resource, { operation, subresource })),
    updateRules: (subresource) => remembered(rules, subresource ?? '', () => createUpdateRules(resource, subresource)),
    read: conversion === undefined ? same : rememberReads(conversion, (view: MutableJson, stored) => deepFreeze(carryLedger(view, stored))),
    toStored: conversion === undefined ? same : (object) => conversion.toStored(object),
  };
  return resource;
}

function remembered<V>(values: Map<string, V>, key: string, make: () => V): V {
  let value = values.get(key);
  if (value === undefined) values.set(key, (value = make()));
  return value;
}

/** The methods are called through, since a model's `schema` may be made on access. */
function withDecoder(model: KindModel, identity: { readonly apiVersion: string; readonly kind: string }): LoadedModel {
  return {
    schema: model.schema,
    validate: (object) => model.validate(object),
    unknownFields: (object) => model.unknownFields(object),
    setDefaults: (object) => model.setDefaults(object),
    decode: compileDecoder(model.schema, identity),
    fields: fieldTypeOf(model.schema),
  };
}

/** Whether a kind has a subresource. */
export function hasSubresource(kind: Kind, name: string): boolean {
  return kind.subresources.some((subresource) => subresource.name === name);
}

function storePrefix({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return `/registry/${group === '' ? 'core' : group}/${plural}/`;
}

/** The key of one object in the store. */
export function objectKey(resource: Resource, namespace: string | undefined, name: string): string {
  return resource.namespaced ? `${resource.prefix}${namespace ?? 'default'}/${name}` : resource.prefix + name;
}

/** The prefix under which a list finds its objects. */
export function listPrefix(resource: Resource, namespace: string | undefined): string {
  return resource.namespaced && namespace !== undefined ? `${resource.prefix}${namespace}/` : resource.prefix;
}
