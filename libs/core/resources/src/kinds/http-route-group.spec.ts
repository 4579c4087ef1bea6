import { describe, expect, it } from 'vitest';
import { parseOne, parseSpec, type ParsedOne } from '../../testing/parse-one.ts';
import { regexProgramSizeMax } from './regex.ts';

const group = (matches: string, version = 'v1alpha4'): ParsedOne =>
  parseSpec(`specs.smi-spec.io/${version}`, 'HTTPRouteGroup', `{matches: ${matches}}`);

describe('HTTPRouteGroup', () => {
  it('is sorted by name, with methods and headers in one spelling', () => {
    expect(
      group(`[
  {name: z, pathRegex: "/z.*", methods: [POST, GET, GET], headers: [{X-B: "b.*"}, {Host: "a:80"}]},
  {name: a},
  {name: m, pathRegex: "", methods: [GET, "*"], headers: []}
  ]`),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'x',
        matches: [
          { name: 'a', pathRegex: '', methods: [], headers: [] },
          { name: 'm', pathRegex: '', methods: [], headers: [] },
          {
            name: 'z',
            pathRegex: '/z.*',
            methods: ['GET', 'POST'],
            headers: [
              { name: 'host', valueRegex: 'a:80' },
              { name: 'x-b', valueRegex: 'b.*' },
            ],
          },
        ],
      },
      told: [],
      refused: false,
    });
  });

  it.each(['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'])('is served as %s', (version) => {
    expect(group('[{name: a, pathRegex: /a}]', version)).toEqual(
      group('[{name: a, pathRegex: /a}]'),
    );
  });

  it.each(['v1alpha2', 'v1alpha1'])('has its matches beside metadata as %s', (version) => {
    const old = parseOne(`
apiVersion: specs.smi-spec.io/${version}
kind: HTTPRouteGroup
metadata: {name: x, namespace: shop}
matches: [{name: a, pathRegex: /a}]
`);
    expect(old).toEqual(group('[{name: a, pathRegex: /a}]'));
  });

  it('reads headers as one map, too', () => {
    expect(group('[{name: a, headers: {X-A: a, X-B: b}}]')).toEqual(
      group('[{name: a, headers: [{x-a: a}, {x-b: b}]}]'),
    );
  });

  it('lets the last of equal headers and of equal names count, and says so', () => {
    const { value, told } = group(
      '[{name: a, headers: [{X-A: "1"}, {x-a: "2"}]}, {name: a, pathRegex: /b}]',
    );
    expect(value).toMatchObject({ matches: [{ name: 'a', pathRegex: '/b' }] });
    expect(told).toEqual([
      'duplicate_name: HTTPRouteGroup shop/x: spec.matches[0].headers[1].x-a repeats header x-a; the last one counts',
      'duplicate_name: HTTPRouteGroup shop/x: spec.matches[1].name repeats a; the last one counts',
    ]);
    expect(group('[{name: a, headers: [{X-A: "1"}, {x-a: "2"}]}]').value).toMatchObject({
      matches: [{ headers: [{ name: 'x-a', valueRegex: '2' }] }],
    });
  });

  it.each(['(?=a)', '(', 'a**', '[z-a]', '(?<=a)b', '\\1'])(
    'leaves out the match with %s alone, which is not RE2',
    (regex) => {
      const quoted = JSON.stringify(regex);
      const { value, told, refused } = group(
        `[{name: bad, pathRegex: ${quoted}}, {name: worse, headers: [{a: ${quoted}}]}, {name: good, pathRegex: /a}]`,
      );
      expect(refused).toBe(false);
      expect(value).toMatchObject({ matches: [{ name: 'good' }] });
      expect(told).toEqual([
        expect.stringMatching(
          /^invalid_regex: HTTPRouteGroup shop\/x: spec\.matches\[0\]\.pathRegex is not/,
        ),
        expect.stringMatching(
          /^invalid_regex: HTTPRouteGroup shop\/x: spec\.matches\[1\]\.headers\[0\]\.a is not/,
        ),
      ]);
    },
  );

  it.each([
    '/a b',
    '/c%20d',
    '(?i)/x',
    '^/anch$',
    '\\d{3}',
    '[[:alpha:]]+',
    '/\\pL+',
    '',
    '[\\x{1000}\\x{1999}]{1}',
  ])('takes %j, which is RE2', (regex) => {
    const { value, told } = group(`[{name: a, pathRegex: ${JSON.stringify(regex)}}]`);
    expect(told).toEqual([]);
    expect(value).toMatchObject({ matches: [{ pathRegex: regex }] });
  });

  it('leaves out a match whose expression is too large', () => {
    const large = 'a{900}b{900}c{900}';
    const { value, told } = group(
      `[{name: a, pathRegex: "${large}"}, {name: b, pathRegex: "a{900}"}]`,
    );
    expect(value).toMatchObject({ matches: [{ name: 'b' }] });
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^regex_too_large: .* at most ${regexProgramSizeMax}`)),
    ]);
  });

  it.each([
    ['a{1000}'.repeat(100_000), /100000000 RE2 instructions or more, at most 2000/],
    ['x'.repeat(500_000), /500000 letters, .* at most 4000/],
    ['(?i)[\\x{100}-\\x{FFFF}]'.repeat(2_000), /letters, .* at most 4000/],
    ['(?i)[\u0100-\u{10ffff}]'.repeat(1_000), /letters, .* at most 4000/],
  ])('does not even compile what would take minutes (%#)', (large, message) => {
    const { value, told } = group(
      JSON.stringify([
        { name: 'a', headers: [{ h: large }] },
        { name: 'b', pathRegex: large },
        { name: 'c' },
      ]),
    );
    expect(value).toMatchObject({ matches: [{ name: 'c' }] });
    expect(told).toEqual([expect.stringMatching(message), expect.stringMatching(message)]);
  });

  it('is refused as a whole when its expressions together would keep everybody waiting', () => {
    const many = (count: number): ParsedOne =>
      group(
        JSON.stringify(
          Array.from({ length: count }, (_, i) => ({ name: `m${i}`, pathRegex: `/${i}/a{900}` })),
        ),
      );
    expect(many(80).told).toEqual([]);
    expect(many(800)).toMatchObject({
      refused: true,
      told: [expect.stringMatching(/^group_too_large: .*spec\.matches have .* split the group$/)],
    });
  });

  it('selects nothing without matches, and says so', () => {
    expect(group('[]')).toMatchObject({
      value: { matches: [] },
      told: [expect.stringContaining('no_matches: ')],
    });
  });

  it.each([
    ['null', 'spec.matches is required'],
    ['[{pathRegex: /a}]', 'spec.matches[0].name is required'],
    [
      '[{name: a, methods: [get]}]',
      'spec.matches[0].methods[0] must not be the text "get"; write GET',
    ],
    ['[{name: a, methods: [FETCH]}]', 'must not be the text "FETCH"; use one of GET, HEAD'],
    ['[{name: a, methods: GET}]', 'spec.matches[0].methods must be a list, not the text "GET"'],
    [
      '[{name: a, pathRegex: 5}]',
      'spec.matches[0].pathRegex must be text, not 5: put it in quotes',
    ],
    ['[{name: a, headers: [x]}]', 'spec.matches[0].headers[0] must be a map of name and'],
    ['[{name: a, headers: [{x: 1}]}]', 'spec.matches[0].headers[0].x must be text, not 1'],
  ])('refuses %s', (matches, message) => {
    const { value, told, refused } = group(matches);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toEqual([expect.stringContaining(message)]);
  });

  it('names fields that it does not know', () => {
    expect(group('[{name: a, pathregex: /a}]').told).toEqual([
      'unknown_field: HTTPRouteGroup shop/x: spec.matches[0].pathregex is not a field of this kind and is ignored; did you mean pathRegex?',
    ]);
  });
});
