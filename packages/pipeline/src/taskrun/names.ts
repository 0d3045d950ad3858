/** The container of a step: `step-NAME`, or `step-unnamed-N`. */
export function stepContainer(name: string | undefined, index: number): string {
  return `step-${stepName(name, index)}`;
}

export function stepName(name: string | undefined, index: number): string {
  return name === undefined || name === '' ? `unnamed-${index}` : name;
}
