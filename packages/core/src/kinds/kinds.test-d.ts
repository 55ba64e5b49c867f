import type { Kind, ObjectOf } from '../kind.ts';
import type { ObjectInput } from '../object.ts';
import { Deployment, Namespace, Pod, ResourceClaim, type PodSpec, type PodTemplateSpec } from './index.ts';
import { Event } from './events-v1.ts';
import type { Event as CoreEvent } from './core-v1.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T | undefined => undefined;

// A kind's name is both the type of its objects and the value that carries that type.
is<Equal<typeof Pod, Kind<Pod>>>();
is<Equal<ObjectOf<typeof Deployment>, Deployment>>();
is<Equal<Pod['apiVersion'], 'v1'>>();
is<Equal<Pod['spec'], PodSpec>>();
is<Equal<Deployment['spec']['template'], PodTemplateSpec>>();
is<Equal<Pod['spec']['containers'][number]['imagePullPolicy'], 'Always' | 'IfNotPresent' | 'Never' | undefined>>();
// Two groups have a kind Event: they are different types.
is<Equal<Equal<ObjectOf<typeof Event>, CoreEvent>, false>>();
// A kind goes before a nested type of the same name.
is<Equal<ObjectOf<typeof ResourceClaim>['apiVersion'], 'resource.k8s.io/v1'>>();
// A spec that may be empty may be left out of what is created; another may not.
export const namespace: ObjectInput<ObjectOf<typeof Namespace>> = { metadata: { name: 'web' } };
// @ts-expect-error -- a Pod without containers
export const pod: ObjectInput<Pod> = { metadata: { name: 'web' } };
// @ts-expect-error -- objects are read-only
(pod: Pod): void => void (pod.spec.nodeName = 'node-1');
