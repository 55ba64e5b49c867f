import { ownValue } from '@kybern/core';
import type { ConfigMap, Container, Secret } from '@kybern/core/kinds';
import { podField, resourceField, type PodFieldsInput } from './pod-fields.ts';

/** The objects that a Pod's containers refer to, by name; one that is not in its map does not exist. */
export interface ReferredObjects {
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** Names of the objects that a container's environment refers to. */
export interface EnvironmentReferences {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

/** Which objects {@link computeEnvironment} needs. Most containers need none. */
export function environmentReferences({ env = [], envFrom = [] }: Container): EnvironmentReferences {
  const configMaps = [...envFrom.map((each) => each.configMapRef?.name), ...env.map((each) => each.valueFrom?.configMapKeyRef?.name)];
  const secrets = [...envFrom.map((each) => each.secretRef?.name), ...env.map((each) => each.valueFrom?.secretKeyRef?.name)];
  const named = (names: readonly (string | undefined)[]): readonly string[] => [...new Set(names.filter((name) => name !== undefined))];
  return { configMaps: named(configMaps), secrets: named(secrets) };
}

/** What {@link computeEnvironment} decides from. */
export interface EnvironmentInput extends PodFieldsInput {
  readonly container: Container;
  readonly objects: ReferredObjects;
  /** Variables of Services and of the container's devices; its definition may say otherwise. */
  readonly given?: Iterable<readonly [name: string, value: string]>;
}

/**
 * A container's environment: what it is given, then in the order in which it is defined `envFrom`, `env` over it, each able to use what comes before with `$(NAME)`.
 *
 * @throws {Error} in Kubernetes' words, when something that is referred to does not exist and is not optional: CreateContainerConfigError
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables)
 */
export function computeEnvironment(input: EnvironmentInput): ReadonlyMap<string, string> {
  const { container, objects } = input;
  const variables = new Map<string, string>(input.given ?? []);
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const data = configMapRef === undefined ? secretData(objects, secretRef) : configMapData(objects, configMapRef);
    for (const [key, value] of Object.entries(data)) variables.set(`${prefix}${key}`, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text = valueFrom === undefined ? expandVariables(value ?? '', variables) : valueOf(input, valueFrom);
    if (text !== undefined) variables.set(name, text);
  }
  return variables;
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

function configMapData({ configMaps }: ReferredObjects, { name = '', optional }: Reference): Readonly<Record<string, string>> {
  const found = configMaps.get(name);
  if (found === undefined && optional !== true) throw new Error(`configmap ${JSON.stringify(name)} not found`);
  return found?.data ?? {};
}

function secretData({ secrets }: ReferredObjects, { name = '', optional }: Reference = {}): Readonly<Record<string, string>> {
  const found = secrets.get(name);
  if (found === undefined && optional !== true) throw new Error(`secret ${JSON.stringify(name)} not found`);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]));
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

type ValueSource = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

/** Undefined when it is optional and not there: then the variable is not set. */
function valueOf(input: EnvironmentInput, { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef }: ValueSource): string | undefined {
  if (fieldRef !== undefined) return podField(input, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) return resourceField(input, containerOf(input, resourceFieldRef.containerName), resourceFieldRef);
  const { objects, pod } = input;
  const namespace = pod.metadata.namespace ?? 'default';
  if (configMapKeyRef !== undefined)
    return keyOf(configMapData(objects, configMapKeyRef), configMapKeyRef, `ConfigMap ${namespace}/${configMapKeyRef.name ?? ''}`);
  if (secretKeyRef !== undefined) return keyOf(secretData(objects, secretKeyRef), secretKeyRef, `Secret ${namespace}/${secretKeyRef.name ?? ''}`);
  return '';
}

function keyOf(data: Readonly<Record<string, string>>, { key, optional }: Reference & { readonly key: string }, where: string): string | undefined {
  const value = ownValue(data, key);
  if (value === undefined && optional !== true) throw new Error(`couldn't find key ${key} in ${where}`);
  return value;
}

function containerOf({ pod, container }: EnvironmentInput, name: string | undefined): Container {
  if (name === undefined || name === '') return container;
  const found = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((each) => each.name === name);
  if (found === undefined) throw new Error(`container ${name} not found`);
  return found;
}

/**
 * Replaces `$(NAME)` by the variable's value; `$$` is a dollar, and what names no variable stays as it is.
 *
 * @see kubernetes v1.36 third_party/forked/golang/expansion/expand.go
 */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) => (whole === '$$' ? '$' : (variables.get(name ?? '') ?? whole)));
}
