import { describe, expect, it } from 'vitest';
import { fillPlaceholders, type PlaceholderSource } from './placeholders.ts';

const source: PlaceholderSource = {
  pods: (namespace, app) =>
    app === 'none'
      ? []
      : [1, 2].map((n) => ({ name: `${namespace}-${app}-${n}`, ip: `10.0.0.${n}` })),
  serviceAddress: (namespace, name) => `${name}.${namespace}.address`,
};

describe('placeholders', () => {
  it('stand for pod addresses, pod names and service addresses', () => {
    const text = 'http://{{ip a/srv}}:80 {{ip a/srv 1}} {{pod a-b/my.app}} {{svc a/srv}}/32';
    expect(fillPlaceholders(text, source)).toBe(
      'http://10.0.0.1:80 10.0.0.2 a-b-my.app-1 srv.a.address/32',
    );
  });

  it('leave other text alone', () => {
    const text = '{{ other }} {ip a/b} {{ipx a/b}}';
    expect(fillPlaceholders(text, source)).toBe(text);
  });

  it('name the pod that is missing', () => {
    expect(() => fillPlaceholders('{{ip a/none}}', source)).toThrow('{{ip a/none}}');
    expect(() => fillPlaceholders('{{ip a/srv 2}}', source)).toThrow('{{ip a/srv 2}}');
  });
});
