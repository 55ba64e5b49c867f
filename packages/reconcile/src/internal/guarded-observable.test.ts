import { filter, map, mergeMap, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Hot } from './guarded-observable.ts';

const setUp = () => {
  const errors: unknown[] = [];
  const hot = new Hot<number>((error) => errors.push(error));
  return { hot, errors, seen: [] as number[] };
};
const boom = (): never => {
  throw new Error('boom');
};

describe('a hot stream', () => {
  it('tells whoever subscribed, from then on, in order', () => {
    const { hot, seen } = setUp();
    hot.next(1);
    expect(hot.isObserved).toBe(false);
    const subscription = hot.observable.subscribe((n) => seen.push(n));
    hot.next(2);
    hot.next(3);
    subscription.unsubscribe();
    hot.next(4);
    expect(seen).toEqual([2, 3]);
    expect(hot.isObserved).toBe(false);
  });

  it.each([
    { name: 'a function', subscribe: (hot: Hot<number>) => hot.observable.subscribe(boom) },
    { name: 'an observer', subscribe: (hot: Hot<number>) => hot.observable.subscribe({ next: boom }) },
    {
      name: 'the end of a pipe',
      subscribe: (hot: Hot<number>) =>
        hot.observable
          .pipe(
            filter((n) => n > 0),
            map((n) => n + 1),
          )
          .subscribe(boom),
    },
    { name: 'the end of a pipe that merges', subscribe: (hot: Hot<number>) => hot.observable.pipe(mergeMap((n) => of(n, n))).subscribe(boom) },
  ])('reports what $name throws, each time, and serves the others', ({ subscribe }) => {
    const { hot, errors, seen } = setUp();
    subscribe(hot);
    hot.observable.subscribe((n) => seen.push(n));
    hot.next(1);
    hot.next(2);
    expect(seen).toEqual([1, 2]);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(errors[0]).toMatchObject({ message: 'boom' });
  });

  it('reports the rejection of an async subscriber', async () => {
    const { hot, errors } = setUp();
    hot.observable.subscribe(async () => {
      await Promise.resolve();
      throw new Error('later');
    });
    hot.next(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toMatchObject([{ message: 'later' }]);
  });

  it('an operator that throws ends its own stream with the error, and is reported when nobody takes it', () => {
    const { hot, errors, seen } = setUp();
    const taken: unknown[] = [];
    hot.observable.pipe(map(boom)).subscribe({ error: (error) => taken.push(error) });
    hot.observable.subscribe((n) => seen.push(n));
    hot.next(1);
    hot.next(2);
    expect(taken).toMatchObject([{ message: 'boom' }]);
    expect(errors).toEqual([]);
    hot.observable.pipe(map(boom)).subscribe((n) => seen.push(n));
    hot.next(3);
    expect(errors).toMatchObject([{ message: 'boom' }]);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('keeps the observer of an object with methods', () => {
    const { hot } = setUp();
    const observer = {
      total: 0,
      next(n: number) {
        this.total += n;
      },
    };
    hot.observable.subscribe(observer);
    hot.next(3);
    expect(observer.total).toBe(3);
  });
});
