import type { KubernetesObject } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { createFrameCache } from './frames.ts';

const pod = (name: string): KubernetesObject => Object.freeze({ apiVersion: 'v1', kind: 'Pod', metadata: { name } });

describe('createFrameCache', () => {
  it('makes the bytes of an event once for all who get it', () => {
    const frames = createFrameCache();
    const object = pod('a');
    const first = frames.frame({ type: 'ADDED', object });
    expect(first.toString()).toBe('{"type":"ADDED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}}\n');
    expect(frames.frame({ type: 'ADDED', object })).toBe(first);
  });

  it('does not mix up what one object is to different watchers', () => {
    const frames = createFrameCache();
    const object = pod('a');
    frames.frame({ type: 'MODIFIED', object });
    expect(frames.frame({ type: 'ADDED', object }).toString()).toMatch(/^\{"type":"ADDED"/);
    expect(frames.frame({ type: 'MODIFIED', object }).toString()).toMatch(/^\{"type":"MODIFIED"/);
  });

  it('forgets what is long past', () => {
    const frames = createFrameCache();
    const object = pod('a');
    const first = frames.frame({ type: 'ADDED', object });
    for (let i = 0; i < 1000; i++) frames.frame({ type: 'ADDED', object: pod(`p-${String(i)}`) });
    expect(frames.frame({ type: 'ADDED', object })).not.toBe(first);
  });

  it('does not keep what is asked for once', () => {
    const frames = createFrameCache();
    const object = pod('a');
    expect(frames.once(object)).toBe(JSON.stringify(object));
    const bytes = frames.bytes(object);
    expect(frames.once(object)).toBe(bytes);
    expect(bytes.toString()).toBe(JSON.stringify(object));
  });
});
