/** The metrics, as text for Prometheus. */
import { route } from '../http/route.ts';
import { text } from '../http/schema.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** @param open nobody needs a token */
export function metricsRoute(metrics: Metrics, open: boolean) {
  return route({
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics of this process for Prometheus.',
    needs: open ? 'nobody' : 'viewer',
    type: 'text/plain',
    answers: { 200: { description: 'In the text format of Prometheus', schema: text() } },
    handle: async () => ({ body: await metrics.text(), headers: { 'content-type': metrics.type } }),
  });
}
