import type { WhenExpression } from '../model/task.ts';

/** All of them must hold; an expression with CEL is refused before a run starts. */
export function allowsExecution(when: readonly WhenExpression[] | undefined): boolean {
  return (when ?? []).every(({ input = '', operator, values = [] }) => values.includes(input) === (operator === 'in'));
}
