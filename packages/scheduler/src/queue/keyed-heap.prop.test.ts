import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyedHeap, type HeapElement } from './keyed-heap.ts';

interface Element extends HeapElement {
  value: number;
}

it('gives the least element first, whatever is added, changed and taken out', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), value: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ do: fc.constantFrom('remove' as const, 'change' as const), value: fc.nat() }),
    fc.record({ do: fc.constant('pop' as const), value: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new KeyedHeap<Element>((a, b) => a.value < b.value);
      const model: Element[] = [];
      for (const { do: action, value } of steps) {
        const chosen = model[value % Math.max(1, model.length)];
        if (action === 'push') {
          const element = { key: String(model.length), position: -1, value };
          heap.push(element);
          model.push(element);
        } else if (action === 'pop') {
          const popped = heap.pop();
          expect(popped?.value).toBe(model.length === 0 ? undefined : Math.min(...model.map((each) => each.value)));
          if (popped !== undefined) model.splice(model.indexOf(popped), 1);
        } else if (chosen !== undefined && action === 'remove') {
          heap.remove(chosen);
          model.splice(model.indexOf(chosen), 1);
        } else if (chosen !== undefined) {
          chosen.value = (value * 7) % 10;
          heap.update(chosen);
        }
        expect(heap.size).toBe(model.length);
        expect(heap.values().every((element, index) => element.position === index)).toBe(true);
      }
    }),
  );
});
