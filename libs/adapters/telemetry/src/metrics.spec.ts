import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('createMetrics', () => {
  it('keeps registries apart and renders the Prometheus format', async () => {
    const one = createMetrics();
    const other = createMetrics();
    one.gauge({ name: 'osm_proxy_connect_count', help: 'Proxies' }).set(3);
    one
      .counter({ name: 'osm_bus_errors_total', help: 'Errors', labels: ['code'] })
      .inc({ code: 'bus_timeout' });
    const { contentType, body } = await one.render();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('osm_proxy_connect_count 3');
    expect(body).toContain('osm_bus_errors_total{code="bus_timeout"} 1');
    expect((await other.render()).body.trim()).toBe('');
  });
});
