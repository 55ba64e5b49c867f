import { invalid, type FieldError, type LogOptions } from '@kybern/core';
import type { ConnectEnvironment } from './connect-environment.ts';
import { badRequest } from '../errors.ts';
import { forbiddenField, invalidValue, notSupported } from '../validation/field-errors.ts';
import type { Connection, ConnectRequest } from './connect.ts';
import { chooseContainer, containerOnNode, nodesOf, podOf } from './pod-container.ts';
import { flag, wholeNumber } from './query-values.ts';

/** `pods/log`. @see kubernetes v1.36 pkg/registry/core/pod/rest/log.go */
export async function connectLog(env: ConnectEnvironment, request: ConnectRequest): Promise<Connection> {
  const options = parseLogOptions(request.query, request.name);
  const pod = await podOf(env, request);
  const container = chooseContainer(pod, request.query.get('container'));
  // Nothing was written yet where nothing has run.
  if ((pod.spec.nodeName ?? '') === '') return { type: 'log', open: () => Promise.resolve(new Blob([]).stream()) };
  const nodes = nodesOf(env);
  return { type: 'log', open: ({ signal }) => nodes.logs(containerOnNode(pod, container), { ...options, ...(signal === undefined ? {} : { signal }) }) };
}

const STREAMS: readonly NonNullable<LogOptions['stream']>[] = ['All', 'Stdout', 'Stderr'];

/**
 * Reads the options of a query.
 *
 * @throws {ApiError} `BadRequest` for what is no number or time, `Invalid` for what cannot be
 * @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodLogOptions)
 */
export function parseLogOptions(query: URLSearchParams, name: string): LogOptions {
  const tailLines = wholeNumber(query, 'tailLines');
  const limitBytes = wholeNumber(query, 'limitBytes');
  const sinceSeconds = wholeNumber(query, 'sinceSeconds');
  const sinceTime = timeOf(query.get('sinceTime'));
  const stream = query.get('stream') ?? 'All';
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined) errors.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1) errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  if (!STREAMS.some((each) => each === stream)) errors.push(notSupported('stream', stream, [...STREAMS]));
  else if (stream !== 'All' && tailLines !== undefined) errors.push(forbiddenField('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions', plural: 'pods' }, name, errors);
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    stream: stream as NonNullable<LogOptions['stream']>,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

function timeOf(value: string | null): string | undefined {
  if (value === null || value === '') return undefined;
  if (!/^\d{4}-\d\d-\d\dT/.test(value) || Number.isNaN(Date.parse(value)))
    throw badRequest(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)}`);
  return value;
}
