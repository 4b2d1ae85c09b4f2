/** The OpenAPI document of the service itself. */
import { openApi } from '../http/openapi.ts';
import { type Route, route } from '../http/route.ts';

/** @param routes all that are served; this one is added. @param version of the plugin */
export function withDocument(routes: readonly Route[], version: string): Route[] {
  const all: Route[] = [...routes];
  const document = route({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This document.',
    needs: 'nobody',
    answers: { 200: { description: 'An OpenAPI document', schema: { type: 'object' } } },
    handle: () => ({ body: openApi(all, version) }),
  });
  all.push(document);
  return all;
}
