import type { Container, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { oomScoreAdjust } from './resources.ts';
import { containerSecurity, rootRefusal, sandboxSecurity } from './security.ts';

const pod = (spec: object = {}): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } }) as unknown as Pod;
const container = (over: object = {}): Container => ({ name: 'app', ...over }) as unknown as Container;
const GI = 2 ** 30;

describe('security contexts', () => {
  it("take the container's word over the Pod's", () => {
    const outer = pod({ securityContext: { runAsUser: 1, runAsGroup: 2, supplementalGroups: [3], fsGroup: 4, seccompProfile: { type: 'RuntimeDefault' } } });
    expect(containerSecurity(outer, container({ securityContext: { runAsUser: 5 } }))).toMatchObject({
      runAsUser: { value: 5 },
      runAsGroup: { value: 2 },
      supplementalGroups: [3, 4],
      seccomp: { profileType: 'RuntimeDefault' },
    });
  });

  it('mask parts of /proc and /sys, unless the container is privileged', () => {
    expect(containerSecurity(pod(), container()).maskedPaths).toContain('/proc/kcore');
    const privileged = containerSecurity(pod(), container({ securityContext: { privileged: true } }));
    expect([privileged.privileged, privileged.maskedPaths, privileged.seccomp]).toEqual([true, undefined, undefined]);
  });

  it('make the sandbox privileged for a container that is', () => {
    expect(sandboxSecurity(pod({ containers: [container({ securityContext: { privileged: true } })] })).privileged).toBe(true);
    expect(sandboxSecurity(pod({ containers: [container()] })).privileged).toBeUndefined();
  });

  it.each([
    { name: 'a user of the container', context: { runAsNonRoot: true, runAsUser: 1 }, image: undefined, refusal: undefined },
    { name: 'root', context: { runAsNonRoot: true, runAsUser: 0 }, image: undefined, refusal: "container's runAsUser breaks non-root policy" },
    { name: 'an image of root', context: { runAsNonRoot: true }, image: {}, refusal: 'container has runAsNonRoot and image will run as root' },
    { name: 'an image of a number', context: { runAsNonRoot: true }, image: { uid: { value: 7 } }, refusal: undefined },
    {
      name: 'an image of a name',
      context: { runAsNonRoot: true },
      image: { username: 'app' },
      refusal: 'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root',
    },
    { name: 'root, where nobody minds', context: {}, image: {}, refusal: undefined },
  ])('say of $name whether it may run', ({ context, image, refusal }) => {
    expect(rootRefusal(pod(), container({ securityContext: context }), image as never)).toBe(refusal);
  });

  it.each([
    { name: 'best effort', resources: {}, score: 1000 },
    { name: 'guaranteed', resources: { limits: { cpu: '1', memory: '1Gi' } }, score: -997 },
    { name: 'burstable, by its memory', resources: { requests: { memory: '1Gi' } }, score: 750 },
    { name: 'burstable without memory', resources: { requests: { cpu: '1' } }, score: 999 },
    { name: 'burstable with all of the memory', resources: { requests: { memory: '4Gi' } }, score: 3 },
  ])('weigh $name when memory runs short', ({ resources, score }) => {
    const one = container({ resources });
    expect(oomScoreAdjust(pod({ containers: [one] }), one, 4 * GI)).toBe(score);
  });
});
