import type { MutableJson } from '@kybern/core';
import type { AdmissionPlugin } from './admission.ts';

const TOLERATION_SECONDS = 300;
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** Lets Pods that say nothing else stay five minutes on a node that is not ready. @see kubernetes v1.36 plugin/pkg/admission/defaulttolerationseconds/admission.go */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: ({ kind }, operation, subresource) =>
    kind.plural === 'pods' && kind.group === '' && subresource === undefined && (operation === 'CREATE' || operation === 'UPDATE'),
  replacesParts: true,
  mutate({ object }) {
    const { spec } = object;
    if (typeof spec !== 'object' || spec === null) return;
    const tolerations: readonly MutableJson[] = spec.tolerations ?? [];
    if (!Array.isArray(tolerations)) return;
    const notReady = isTolerated(tolerations, NOT_READY);
    const unreachable = isTolerated(tolerations, UNREACHABLE);
    if (!notReady && !unreachable) object.spec = { ...spec, tolerations: [...tolerations, tolerating(NOT_READY), tolerating(UNREACHABLE)] };
    else if (!notReady || !unreachable) object.spec = { ...spec, tolerations: [...tolerations, tolerating(notReady ? UNREACHABLE : NOT_READY)] };
  },
};

function tolerating(key: string): MutableJson {
  return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS };
}

function isTolerated(tolerations: readonly MutableJson[], key: string): boolean {
  for (const toleration of tolerations) if (tolerates(toleration, key)) return true;
  return false;
}

function tolerates(toleration: MutableJson, key: string): boolean {
  const { key: ownKey = '', effect = '' } = (toleration ?? {}) as { key?: string; effect?: string };
  return (ownKey === key || ownKey === '') && (effect === 'NoExecute' || effect === '');
}
