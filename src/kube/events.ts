export async function eventsOf(_kube: unknown, _of: unknown, _n: number, _o: unknown): Promise<string[]> {
  return [];
}
