/** RFC 3339 in UTC to the second: the form of every time in a Kubernetes object (metav1.Time). */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

export function parseTime(text: string): number {
  return Date.parse(text);
}
