import { isNotFound, toObjectList, type KubernetesObject } from '@kybern/core';
import type { Environment } from '../environment.ts';

import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import type { Resource } from '../resource.ts';
import { deleteObject } from './delete.ts';
import { listObjects } from './list.ts';

/** Deletes every object that is selected, one after the other. What others delete meanwhile is left out. @returns the objects as the delete left them */
export async function deleteCollection(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const { namespace, labels, labelSelector, fieldSelector } = { namespace: request.namespace, ...request.options };
  const found = await listObjects(env, resource, { ...request, verb: 'list', options: { labels, labelSelector, fieldSelector } });
  if (found.type !== 'list') throw new TypeError('a list answers with a list');
  const items: KubernetesObject[] = [];
  for (const { metadata } of found.list.items) {
    request.options?.signal?.throwIfAborted();
    const one: ApiRequest = { ...request, verb: 'delete', namespace: metadata.namespace ?? namespace, name: metadata.name };
    try {
      const answer = await deleteObject(env, resource, one);
      if (answer.type === 'object') items.push(answer.object);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return { type: 'list', code: 200, list: toObjectList(resource.kind, items, { resourceVersion: String(env.state.revision) }), warnings: NO_WARNINGS };
}
