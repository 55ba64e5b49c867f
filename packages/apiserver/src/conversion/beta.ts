import { apiVersionOf, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import type { Conversion } from './conversion.ts';

/**
 * The conversion of a beta version of a kind that has a stable one, as which it is stored; undefined for others.
 *
 * @see kubernetes v1.36 pkg/apis/resource/v1beta1/conversion.go; the other beta versions look like the stable ones
 */
export function betaConversionOf(kind: Kind): Conversion | undefined {
  if (!kind.version.includes('beta')) return undefined;
  const stable = builtinKinds.find(({ group, plural }) => group === kind.group && plural === kind.plural);
  if (stable === undefined) return undefined;
  const { read, write } = kind.group === 'resource.k8s.io' && kind.version === 'v1beta1' ? shapesOf(kind.kind) : SAME;
  return {
    storedAs: stable,
    fromStored: (object) => ({ ...read(object as MutableJson), apiVersion: apiVersionOf(kind) }),
    toStored: (object) => ({ ...write(object as MutableJson), apiVersion: apiVersionOf(stable) }),
  };
}

/** How an object looks in the stable version and in v1beta1. Both share what stays the same. */
interface Shapes {
  /** Stable → v1beta1. */
  read(object: MutableJson): MutableJson;
  /** v1beta1 → stable. */
  write(object: MutableJson): MutableJson;
}

const SAME: Shapes = { read: (object) => object as KubernetesObject, write: (object) => object as KubernetesObject };

function shapesOf(kind: string): Shapes {
  switch (kind) {
    case 'ResourceClaim':
      return within(['spec', 'devices', 'requests'], { read: readRequest, write: writeRequest });
    case 'ResourceClaimTemplate':
      return within(['spec', 'spec', 'devices', 'requests'], { read: readRequest, write: writeRequest });
    case 'ResourceSlice':
      return within(['spec', 'devices'], { read: readDevice, write: writeDevice });
    default:
      return SAME;
  }
}

/** The same for every item of a list somewhere inside. */
function within(path: readonly string[], item: Shapes): Shapes {
  const change = (value: MutableJson, at: number, one: (item: MutableJson) => MutableJson): MutableJson => {
    if (typeof value !== 'object' || value === null) return value;
    if (at === path.length) return Array.isArray(value) ? value.map(one) : value;
    const name = path[at] as string;
    return Object.hasOwn(value, name) ? { ...value, [name]: change(value[name], at + 1, one) } : value;
  };
  return { read: (object) => change(object, 0, item.read), write: (object) => change(object, 0, item.write) };
}

/** In v1beta1 the fields of `exactly` are the request's own. */
function readRequest({ exactly, ...request }: MutableJson): MutableJson {
  return exactly === undefined ? request : { ...request, ...exactly };
}

function writeRequest({ name, firstAvailable, exactly, ...own }: MutableJson): MutableJson {
  const request = { name, ...(firstAvailable === undefined ? {} : { firstAvailable }) };
  const fields = { ...exactly, ...own };
  // Defaults fill in fields of a request that has alternatives, too.
  return (fields.deviceClassName ?? '') === '' ? request : { ...request, exactly: fields };
}

/** In v1beta1 everything but the name is in `basic`. */
function readDevice({ name, ...basic }: MutableJson): MutableJson {
  return { name, basic };
}

function writeDevice({ name, basic }: MutableJson): MutableJson {
  return { ...basic, name };
}
