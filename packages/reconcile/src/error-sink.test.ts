import { noopLogger } from '@kybern/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createErrorSink, type ErrorContext } from './error-sink.ts';

const CONTEXTS: readonly ErrorContext[] = [
  { source: 'reconcile', controller: 'site', kind: 'Site', key: 'web/a', attempt: 2, retryInMs: 10 },
  { source: 'callback', what: 'a handler', kind: 'Site', key: 'web/a' },
  { source: 'background', what: 'watching sites' },
];

describe('the error sink', () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void (warning.name === 'KybernWarning' && warnings.push(warning));
  const told = async (): Promise<string[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return warnings.splice(0).map(({ message }) => message);
  };
  process.on('warning', onWarning);
  afterEach(() => void warnings.splice(0));

  it('warns the process when there is neither logger nor onError: nothing fails in silence', async () => {
    const sink = createErrorSink(noopLogger);
    for (const context of CONTEXTS) sink(new Error('no'), context);
    expect(await told()).toEqual([
      'controller "site": reconcile of Site "web/a" failed (attempt 2): no',
      'a handler of Site "web/a" threw: no',
      'watching sites: no',
    ]);
  });

  it('tells onError, and the logger with the context as fields', async () => {
    const heard: unknown[] = [];
    const sink = createErrorSink({ ...noopLogger, error: (message, fields) => heard.push([message, fields]) }, (error, context) =>
      heard.push([error.message, context]),
    );
    sink(new Error('no'), CONTEXTS[1] as ErrorContext);
    expect(heard).toMatchObject([
      ['a callback threw', { source: 'callback', kind: 'Site', key: 'web/a', error: { message: 'no' } }],
      ['no', CONTEXTS[1]],
    ]);
    expect(await told()).toEqual([]);
  });

  it('survives an onError that throws', async () => {
    const sink = createErrorSink(noopLogger, () => {
      throw new Error('broken sink');
    });
    sink(new Error('no'), CONTEXTS[2] as ErrorContext);
    expect(await told()).toEqual(['onError threw: broken sink']);
  });
});
