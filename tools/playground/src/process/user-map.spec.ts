import { describe, expect, it } from 'vitest';
import { mapsUser, outsideUser } from './user-map.ts';

const machine = '         0          0 4294967295\n';
const ordinary = '         0       1234          1\n';
const several = '         0       1234          1\n         1     100000      65536\n';

describe('a user map', () => {
  it('has the users in its ranges', () => {
    expect([machine, ordinary, several].map((map) => mapsUser(map, 1500))).toEqual([
      true,
      false,
      true,
    ]);
    expect(mapsUser(ordinary, 0)).toBe(true);
    expect(mapsUser('', 0)).toBe(false);
  });

  it('says who somebody is outside', () => {
    expect(outsideUser(machine, 1000)).toBe(1000);
    expect(outsideUser(ordinary, 0)).toBe(1234);
    expect(outsideUser(several, 1500)).toBe(101499);
  });
});
