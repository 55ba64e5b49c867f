import { apiVersionOf, deepFreeze, type Kind, type KindModel, type KubernetesObject, type MutableJson } from '@kybern/core';
import { fieldTypeOf, type FieldType } from '@kybern/core/server-side-apply';
import { selectPlugins, type AdmissionChain } from './admission/admission.ts';
import { conversionOf, rememberReads, type Conversion } from './conversion/conversion.ts';
import { customVersionOf, type CustomVersion } from './customresources/custom-kind.ts';
import type { CustomModel, CustomParts } from './customresources/custom-model.ts';
import { customStrategy, customUpdateRules } from './customresources/custom-strategy.ts';
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
  /** What comes from a CustomResourceDefinition; undefined for all other kinds. */
  readonly custom: CustomParts | undefined;
}

/** The compiled pipeline of one kind: everything that does not change from request to request. */
export interface Resource {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Custom kinds take no strategic merge patches. */
  readonly custom: boolean;
  /** Where the kind comes from, when it is a CustomResourceDefinition. Then the model must be loaded before anything is read. */
  readonly definition: CustomVersion | undefined;
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
  /** Whether an object is stored in a version that nothing is written in any more: an update that changes nothing then writes it anew. */
  isOutdated(stored: KubernetesObject): boolean;
  /** An object of this kind as it is stored. */
  toStored(object: KubernetesObject): KubernetesObject;
}

const same = (object: KubernetesObject): KubernetesObject => object;

/** Compiles the pipeline of one kind. */
export function createResource(kind: Kind, env: Environment, options: { custom: boolean }): Resource {
  const apiVersion = apiVersionOf(kind);
  const chains = new Map<string, AdmissionChain>();
  const rules = new Map<string, UpdateRules>();
  const definition = customVersionOf(kind);
  const conversion = definition === undefined ? (options.custom ? undefined : conversionOf(kind)) : storedVersionOf(kind, definition);
  let loading: Promise<LoadedModel> | undefined;
  let model: LoadedModel | undefined;
  const resource: Resource = {
    kind,
    apiVersion,
    namespaced: kind.scope === 'Namespaced',
    custom: options.custom,
    definition,
    hasStatus: hasSubresource(kind, 'status'),
    strategy: definition === undefined ? strategyFor(kind, options.custom) : customStrategy(definition, () => partsOf(model)),
    prefix: storePrefix(conversion?.storedAs ?? kind),
    get model() {
      return model;
    },
    loadModel: () => (loading ??= env.pending(kind.model()).then((loaded) => (model = withDecoder(loaded, { apiVersion, kind: kind.kind })))),
    admission: (operation, subresource) =>
      remembered(chains, `${operation}/${subresource ?? ''}`, () => selectPlugins(env.admission, resource, { operation, subresource })),
    updateRules: (subresource) =>
      remembered(rules, subresource ?? '', () => (definition === undefined ? createUpdateRules : customUpdateRules)(resource, subresource)),
    read: definition === undefined ? readerOf(kind, options.custom) : rememberChanged((stored) => partsOf(model).read(stored)),
    isOutdated:
      definition === undefined ? () => false : (stored) => stored.apiVersion !== apiVersionOf({ group: kind.group, version: definition.storageVersion }),
    toStored: conversion === undefined ? same : (object) => conversion.toStored(object),
  };
  return resource;
}

function remembered<V>(values: Map<string, V>, key: string, make: () => V): V {
  let value = values.get(key);
  if (value === undefined) values.set(key, (value = make()));
  return value;
}

/** How objects of a kind look that are stored as another kind. */
function readerOf(kind: Kind, custom: boolean): Resource['read'] {
  const conversion = custom ? undefined : conversionOf(kind);
  return conversion === undefined ? same : rememberReads(conversion, (view: MutableJson, stored) => deepFreeze(carryLedger(view, stored)));
}

function partsOf(model: LoadedModel | undefined): CustomParts {
  if (model?.custom === undefined) throw new Error('the model of a custom kind is used before it is loaded');
  return model.custom;
}

/** Objects are stored in one version; of the others they have only the name. @see kubernetes v1.36 …/apiextensions-apiserver/pkg/apiserver/conversion/nop_converter.go */
function storedVersionOf(kind: Kind, { storageVersion }: CustomVersion): Pick<Conversion, 'storedAs' | 'toStored'> {
  const apiVersion = apiVersionOf({ group: kind.group, version: storageVersion });
  return { storedAs: kind, toStored: (object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }) };
}

/** Remembers what stored objects look like that look different: most look as they are. */
function rememberChanged(read: (stored: KubernetesObject) => KubernetesObject): (stored: KubernetesObject) => KubernetesObject {
  const views = new WeakMap<KubernetesObject, KubernetesObject>();
  return (stored) => {
    const known = views.get(stored);
    if (known !== undefined) return known;
    const view = read(stored);
    if (view === stored) return view;
    // What is not frozen yet is on its way into the store, which still stamps it.
    if (Object.isFrozen(stored)) views.set(stored, view);
    return carryLedger(view, stored);
  };
}

/** The methods are called through, since a model's `schema` may be made on access. */
function withDecoder(model: KindModel, identity: { readonly apiVersion: string; readonly kind: string }): LoadedModel {
  const { custom } = model as Partial<CustomModel>;
  return {
    schema: model.schema,
    validate: (object) => model.validate(object),
    unknownFields: (object) => model.unknownFields(object),
    setDefaults: (object) => model.setDefaults(object),
    decode: custom?.decode ?? compileDecoder(model.schema, identity),
    fields: fieldTypeOf(model.schema),
    custom,
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
