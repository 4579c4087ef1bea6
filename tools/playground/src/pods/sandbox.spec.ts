import { describe, expect, it } from 'vitest';
import { fileSystemsBelowRoot } from './sandbox.ts';

const mountinfo = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '23 22 0:21 / /proc rw - proc proc rw',
  '24 22 0:22 / /sys rw - sysfs sysfs rw',
  '25 22 0:5 / /dev rw - devtmpfs devtmpfs rw',
  '26 25 0:24 / /dev/shm rw - tmpfs tmpfs rw',
  '27 22 0:25 / /run rw - tmpfs tmpfs rw',
  '28 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
  '30 22 8:2 / /home rw,relatime shared:9 - ext4 /dev/sda2 rw',
  '31 30 8:3 / /home/with\\040blank rw - xfs /dev/sda3 rw',
  '32 22 0:30 / /tmp rw - tmpfs tmpfs rw',
  '33 22 0:31 / /developer rw - ext4 /dev/sdb rw',
  '',
].join('\n');

describe('fileSystemsBelowRoot', () => {
  it('finds file systems with files, parents first, and leaves out the virtual ones', () => {
    expect(fileSystemsBelowRoot(mountinfo)).toEqual([
      '/developer',
      '/home',
      '/home/with blank',
      '/tmp',
    ]);
  });
});
