import type { Service } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod } from '../../test/objects.ts';
import { createTriggerTimes, LAST_CHANGE_TRIGGER_TIME, withTriggerTime } from './trigger-time.ts';

const service: Service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default', creationTimestamp: at(0) }, spec: {} };
const ready = (name: string, seconds?: number) =>
  pod(name, { status: { conditions: seconds === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(seconds) }] } });

describe('createTriggerTimes', () => {
  it('a Service that is new tells when it was created, whatever its Pods', () => {
    expect(createTriggerTimes().look(service, [ready('a', 5)]).time).toBe(at(0));
  });

  it('tells of the first that is new since it was told', () => {
    const times = createTriggerTimes();
    times.look(service, [ready('a', 5)]).told();
    const trigger = times.look(service, [ready('a', 5), ready('b', 30), ready('c', 20), ready('d')]);
    expect(trigger.time).toBe(at(20));
    // The write failed: it is still to be told.
    expect(times.look(service, [ready('a', 5), ready('b', 30), ready('c', 20)]).time).toBe(at(20));
    trigger.told();
    expect(times.look(service, [ready('a', 5), ready('b', 30)]).time).toBeUndefined();
    expect(times.look(service, [ready('a', 60), ready('b', 30), ready('c', 20)]).time).toBe(at(60));
  });

  it('a Service that was made anew, or was forgotten, is new', () => {
    const times = createTriggerTimes();
    times.look(service, []).told();
    expect(times.look({ ...service, metadata: { ...service.metadata, creationTimestamp: at(90) } }, []).time).toBe(at(90));
    times.forget('default/web');
    expect(times.look(service, []).time).toBe(at(0));
  });
});

it('withTriggerTime sets the annotation, or takes it away, and leaves the others', () => {
  const stamped = withTriggerTime({ name: 's', annotations: { note: 'x' } }, at(1));
  expect(stamped.annotations).toEqual({ note: 'x', [LAST_CHANGE_TRIGGER_TIME]: at(1) });
  expect(withTriggerTime(stamped, undefined)).toEqual({ name: 's', annotations: { note: 'x' } });
  expect(withTriggerTime({ name: 's', annotations: { [LAST_CHANGE_TRIGGER_TIME]: at(1) } }, undefined)).toEqual({ name: 's' });
});
