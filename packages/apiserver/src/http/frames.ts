import type { KubernetesObject, WatchEvent } from '@kybern/core';

/** Events as lines of JSON, each made once for all watchers that get it. */
export interface FrameCache {
  frame(event: WatchEvent<KubernetesObject>): Buffer;
}

/** More is not needed: the watchers of an event get it one after the other. */
const MAX_FRAMES = 64;

/**
 * Makes a {@link FrameCache}. Objects are frozen and shared by all watchers, so an object's identity is its content; only the last few frames are kept,
 * so that nothing is held in memory twice.
 */
export function createFrameCache(): FrameCache {
  const frames = new Map<object, { readonly type: string; readonly line: Buffer }>();
  return {
    frame({ type, object }) {
      const known = frames.get(object);
      if (known?.type === type) return known.line;
      const line = Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
      frames.delete(object);
      frames.set(object, { type, line });
      if (frames.size > MAX_FRAMES) for (const oldest of frames.keys()) return (frames.delete(oldest), line);
      return line;
    },
  };
}
